// Threads, channels, collections, panics and signals by libc.
// SPDX-License-Identifier: GPL-2.0-or-later
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

extern "C" {
    fn signal(sig: i32, handler: usize) -> usize;
    fn raise(sig: i32) -> i32;
}

static HITS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_signal(_sig: i32) {
    HITS.fetch_add(1, Ordering::SeqCst);
}

fn main() {
    let (tx, rx) = mpsc::channel();
    let total = Arc::new(Mutex::new(0u64));
    let hs: Vec<_> = (0..16)
        .map(|t| {
            let (tx, total) = (tx.clone(), total.clone());
            thread::spawn(move || {
                for i in 0..5000u64 {
                    *total.lock().unwrap() += i * t % 13;
                }
                tx.send(t).unwrap();
            })
        })
        .collect();
    drop(tx);
    println!("{}", rx.iter().sum::<u64>());
    for h in hs {
        h.join().unwrap();
    }
    println!("{}", total.lock().unwrap());
    let mut m: HashMap<String, f64> = HashMap::new();
    for i in 0..20000 {
        *m.entry(format!("k{}", i % 321)).or_default() += (i as f64).sqrt();
    }
    let b: BTreeMap<_, _> = m.iter().collect();
    println!("{:?}", b.iter().next().map(|(k, v)| (k.to_string(), **v)));
    let r = thread::spawn(|| {
        if HITS.load(Ordering::SeqCst) == 0 {
            panic!("expected");
        }
    })
    .join();
    println!("panicked {}", r.is_err());
    unsafe {
        signal(10, on_signal as usize);
        for _ in 0..100 {
            raise(10);
        }
    }
    println!("{} {:?}", HITS.load(Ordering::SeqCst), "12x".parse::<i32>());
    println!("{}", (1..=20u128).product::<u128>());
    let s: String = "héllo wörld".chars().rev().collect();
    println!("{s} {:?}", std::env::args().count());
}
