// A C++ program: containers, exceptions, streams, threads.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static int thrower(int n)
{
    std::unique_ptr<int> p(new int(n));

    if (n == 0) {
        throw std::runtime_error("bottom");
    }
    return thrower(n - 1) + *p;
}

int main()
{
    std::map<std::string, int> m;
    std::istringstream in("one two three two one two");
    std::string w;
    long total = 0;
    std::vector<std::thread> ts;
    std::vector<long> part(8);

    while (in >> w) {
        m[w]++;
    }
    for (auto &[k, v] : m) {
        std::cout << k << "=" << v << "\n";
    }
    for (int i = 0; i < 1000; i++) {
        try {
            thrower(i % 20);
        } catch (const std::exception &e) {
            total += e.what()[0];
        }
    }
    for (int t = 0; t < 8; t++) {
        ts.emplace_back([t, &part] {
            for (int i = 0; i < 100000; i++) {
                part[t] += i % (t + 1);
            }
        });
    }
    for (auto &t : ts) {
        t.join();
    }
    for (long p : part) {
        total += p;
    }
    std::cout << total << " " << 1.0 / 3 << std::endl;
    return 0;
}
