// Goroutines, channels, signals, maps and formatted output.
// SPDX-License-Identifier: GPL-2.0-or-later
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

func worker(in <-chan int, out chan<- int, wg *sync.WaitGroup) {
	defer wg.Done()
	for n := range in {
		s := 0
		for i := 0; i < 1000; i++ {
			s += (n * i) % 7
		}
		out <- s
	}
}

func main() {
	in, out := make(chan int), make(chan int, 10000)
	var wg sync.WaitGroup
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go worker(in, out, &wg)
	}
	for i := 0; i < 10000; i++ {
		in <- i
	}
	close(in)
	wg.Wait()
	close(out)
	sum := 0
	for s := range out {
		sum += s
	}
	fmt.Println("sum", sum)

	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGUSR1)
	for i := 0; i < 5; i++ {
		syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
		<-c
	}
	fmt.Println("signals")

	m := map[string]int{}
	for i := 0; i < 50000; i++ {
		m[fmt.Sprint("k", i%1000)] += i
	}
	keys := []string{}
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	fmt.Println(len(keys), keys[0], m[keys[999]])
	fmt.Printf("%x\n", sha256.Sum256([]byte(strings.Join(keys, ","))))
	b, _ := json.Marshal(m)
	fmt.Println(len(b), math.Sqrt(2), math.Pow(1.5, 40))
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *int
		fmt.Println(*p)
	}()
	o, err := exec.Command("/bin/echo", "from", "child").Output()
	fmt.Print(string(o), err, "\n")
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("timer")
	}
}
