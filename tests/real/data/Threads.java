// Threads, exceptions, collections and string work on the JVM.
// SPDX-License-Identifier: GPL-2.0-or-later
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Threads {
    static int deep(int n) { return n == 0 ? 0 : 1 + deep(n - 1); }

    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(6);
        List<Future<Long>> fs = new ArrayList<>();
        for (int t = 0; t < 12; t++) {
            final int k = t;
            fs.add(pool.submit(() -> {
                long s = 0;
                for (int i = 0; i < 300000; i++) {
                    s = s * 31 + (i ^ k);
                }
                return s;
            }));
        }
        for (Future<Long> f : fs) {
            System.out.println(f.get());
        }
        pool.shutdown();
        System.out.println(pool.awaitTermination(5, TimeUnit.SECONDS));
        Map<Integer, Long> m = IntStream.range(0, 20000).boxed()
            .collect(Collectors.groupingBy(i -> i % 7, TreeMap::new,
                                           Collectors.counting()));
        System.out.println(m);
        String nothing = args.length > 5 ? "x" : null;
        try {
            System.out.println(nothing.length());
        } catch (NullPointerException e) {
            System.out.println("null pointer");
        }
        try {
            deep(1 << 28);
        } catch (StackOverflowError e) {
            System.out.println("stack overflow");
        }
        try {
            System.out.println(1 / (args.length));
        } catch (ArithmeticException e) {
            System.out.println(e.getMessage());
        }
        StringBuilder sb = new StringBuilder();
        for (int i = 0; i < 50000; i++) {
            sb.append((char) ('a' + i % 26));
        }
        System.out.println(sb.toString().hashCode() + " " + Math.sin(2.5));
        Object lock = new Object();
        int[] n = { 0 };
        Thread[] ts = new Thread[20];
        for (int i = 0; i < ts.length; i++) {
            ts[i] = new Thread(() -> {
                for (int j = 0; j < 1000; j++) {
                    synchronized (lock) {
                        n[0]++;
                    }
                }
            });
            ts[i].start();
        }
        for (Thread t : ts) {
            t.join();
        }
        System.out.println(n[0]);
        byte[][] garbage = new byte[64][];
        for (int i = 0; i < 4000; i++) {
            garbage[i % 64] = new byte[100000];
        }
        System.gc();
        System.exit(3 - 3);
    }
}
