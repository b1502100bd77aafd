// A threaded program for tests/hosts: a sum, hashes, a channel.
//
// SPDX-License-Identifier: GPL-2.0-or-later
package main

import (
	"crypto/sha256"
	"fmt"
	"math"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum, parts := 0.0, make([]string, 8)
	c := make(chan int, 4)
	for w := 0; w < 8; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			s := 0.0
			for i := 1; i < 20000; i++ {
				s += math.Sin(float64(i*w)) / float64(i)
			}
			mu.Lock()
			sum += math.Floor(s * 1e6)
			mu.Unlock()
			parts[w] = fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(s))))
			for i := 0; i < 500; i++ {
				c <- i
			}
		}(w)
	}
	go func() { wg.Wait(); close(c) }()
	n := 0
	for v := range c {
		n += v
	}
	fmt.Println(n, sum, parts)
}
