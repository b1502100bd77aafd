# SPDX-License-Identifier: GPL-2.0-or-later
"""A bit of everything a Python program does."""
import ctypes
import hashlib
import json
import math
import os
import queue
import random
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

random.seed(7)
data = [{'id': i, 'v': random.random(), 's': 'x' * (i % 50)}
        for i in range(3000)]
text = json.dumps(data)
assert json.loads(text) == data
print(len(text), zlib.crc32(text.encode()),
      hashlib.sha256(text.encode()).hexdigest())
print(len(zlib.compress(text.encode(), 9)), sum(map(math.sin, range(10000))))
print(2 ** 521 % 1000007, math.factorial(200) % 998244353, 1 / 3, 1e308 * 10)
print(sorted(re.findall(r'"id": (\d*7\d*)', text), key=int)[-5:])
print(struct.pack('<dfqH', 1.5, 2.25, -3, 65535).hex())

q, done = queue.Queue(), []


def worker():
    while (n := q.get()) is not None:
        done.append(n * n)


threads = [threading.Thread(target=worker) for _ in range(8)]
for t in threads:
    t.start()
for n in range(500):
    q.put(n)
for t in threads:
    q.put(None)
for t in threads:
    t.join()
print(sum(done), len(done))

hits = []
signal.signal(signal.SIGALRM, lambda s, f: hits.append(s))
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.02)
end = time.monotonic() + 2
while len(hits) < 5 and time.monotonic() < end:
    pass
signal.setitimer(signal.ITIMER_REAL, 0)
print('alarms', len(hits) >= 5)

a, b = socket.socketpair()
if os.fork() == 0:
    a.close()
    b.sendall(b'from the child')
    os._exit(3)
b.close()
print(a.recv(100), os.WEXITSTATUS(os.wait()[1]))
print(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 4'],
                     capture_output=True))
try:
    subprocess.run(['/nonexistent/program'])
except FileNotFoundError as e:
    print(e)
with tempfile.TemporaryDirectory() as d:
    db = sqlite3.connect(os.path.join(d, 'x.db'))
    db.execute('create table t(a, b)')
    db.executemany('insert into t values(?, ?)',
                   ((i, str(i) * 3) for i in range(5000)))
    db.commit()
    print(db.execute('select sum(a), max(b) from t').fetchone())
libc = ctypes.CDLL(None)
libc.strtod.restype = ctypes.c_double
print(libc.strtod(b'2.5e3', None), libc.abs(-7))
cmp = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int),
                       ctypes.POINTER(ctypes.c_int))
arr = (ctypes.c_int * 6)(5, 2, 9, 1, 7, 3)
libc.qsort(arr, 6, 4, cmp(lambda x, y: x[0] - y[0]))
print(list(arr))


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


print(deep(900), sys.byteorder, os.uname().machine)
try:
    deep(10 ** 6)
except RecursionError:
    print('recursion')
print(round(sum(random.gauss(0, 1) for _ in range(20000)), 9))
