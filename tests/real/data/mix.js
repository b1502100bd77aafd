// SPDX-License-Identifier: GPL-2.0-or-later
// Timers, workers, crypto, zlib, JSON of megabytes, child processes.
const { Worker, isMainThread, parentPort, workerData } =
    require('worker_threads');
if (!isMainThread) {
    let s = 0;
    for (let i = 0; i < 3e6; i++) {
        s = (s * 31 + i * workerData) | 0;
    }
    parentPort.postMessage(s);
} else {
    const crypto = require('crypto');
    const zlib = require('zlib');
    const { execFileSync, spawn } = require('child_process');
    const data = [];
    for (let i = 0; i < 40000; i++) {
        data.push({ id: i, name: 'item' + i, v: i / 7, tags: ['a', 'b', i % 5] });
    }
    const text = JSON.stringify(data);
    console.log(text.length, JSON.parse(text)[39999].v);
    console.log(crypto.createHash('sha256').update(text).digest('hex'));
    console.log(crypto.createHmac('md5', 'k').update(text).digest('hex'));
    const key = Buffer.alloc(32, 7);
    const c = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
    console.log(Buffer.concat([c.update(text), c.final()]).slice(-8)
        .toString('hex'), c.getAuthTag().toString('hex'));
    console.log(crypto.pbkdf2Sync('p', 's', 1000, 16, 'sha1').toString('hex'));
    const packed = zlib.gzipSync(text, { level: 6 });
    console.log(zlib.gunzipSync(packed).toString() === text,
        zlib.brotliDecompressSync(zlib.brotliCompressSync(text, { params:
            { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })).length);
    function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    console.log(fib(30), [3, 1, 2].sort().join(), 0.1 + 0.2, 2n ** 100n);
    let x = 0;
    for (let i = 0; i < 2e7; i++) { x = (x + i * 3) % 1000003; }
    console.log(x, 'aXbXc'.replace(/X/g, m => m.toLowerCase()));
    const f = new Float64Array(1e6).map((_, i) => Math.sin(i));
    console.log(f.reduce((a, b) => a + b).toFixed(9));
    console.log(execFileSync('/bin/echo', ['child']).toString().trim());
    try {
        null.x;
    } catch (e) {
        console.log(e.constructor.name);
    }
    let ticks = 0;
    const order = [];
    const t = setInterval(() => {
        if (++ticks === 5) {
            clearInterval(t);
            order.push('interval');
        }
    }, 5);
    setImmediate(() => order.push('immediate'));
    Promise.resolve().then(() => order.push('micro'));
    process.nextTick(() => order.push('tick'));
    const ws = [1, 2, 3, 4].map(n => new Promise((ok, bad) => {
        const w = new Worker(__filename, { workerData: n });
        w.on('message', ok);
        w.on('error', bad);
    }));
    const p = spawn('/bin/cat');
    let got = '';
    p.stdout.on('data', d => { got += d; });
    p.stdin.end('piped');
    const closed = new Promise(ok => p.on('close', ok));
    Promise.all([...ws, closed, new Promise(r => setTimeout(r, 100))])
        .then(r => console.log(r.slice(0, 4), got, order.sort()));
}
