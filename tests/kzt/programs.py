# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs through pass-through: what they print and write is what they
print and write natively, in every way of calling, and the libraries of the row
really ran as the host's.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
WAYS = {'off': 'off', 'on': 'on,+experimental',
        'slot': 'on,+experimental,method=slot',
        'entry': 'on,+experimental,method=entry',
        'shadow': 'on,+experimental,shadow'}


# The distribution's programs.
PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
LONG = False        # set by run.py: every way, not only the native ones
HOST_LIBRARIES = None       # likewise: those there are; None: all


class Skip(Exception):
    """The case cannot run here; the text says why."""


# Small programs of our own: name, packages for pkg-config, other flags.
BUILT = [('glib-loop', 'glib-2.0', []),
         ('glib-threads', 'glib-2.0', []), ('draw-cairo', 'cairo', []),
         ('draw-pixman', 'pixman-1', []), ('zlib-threads', 'zlib',
                                           ['-pthread']),
         ('png-errors', 'libpng', []), ('zstd-stream', 'libzstd', []),
         ('sqlite-callbacks', 'sqlite3', [])]

PY_ZLIB = '''
import gzip, zlib
d = open("text", "rb").read()
for level in (1, 6, 9):
    c = zlib.compress(d, level)
    print(level, len(c), zlib.crc32(c), zlib.adler32(c),
          zlib.decompress(c) == d)
o = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_FILTERED, d[:100])
x = o.compress(d[:5000])
p = o.copy()
x += o.compress(d[5000:]) + o.flush()
i = zlib.decompressobj(-15, d[:100])
print(len(x), len(p.flush()), i.decompress(x, 777) == d[:777],
      len(i.unconsumed_tail))
print(gzip.decompress(gzip.compress(d, mtime=0)) == d)
try:
    zlib.decompress(b"nonsense")
except zlib.error as e:
    print(e)
'''
PY_BZ2_LZMA = '''
import bz2, lzma
d = open("text", "rb").read()
for m, kw in ((bz2, {}), (lzma, {"preset": 1}),
              (lzma, {"format": lzma.FORMAT_ALONE, "preset": 1})):
    c = m.compress(d, **kw)
    print(len(c), m.decompress(c) == d)
try:
    lzma.decompress(b"nonsense")
except lzma.LZMAError as e:
    print(e)
f = [{"id": lzma.FILTER_DELTA, "dist": 4},
     {"id": lzma.FILTER_LZMA2, "preset": 1}]
print(len(lzma.compress(d, filters=f)))
'''
PY_HASHLIB = '''
import hashlib, hmac
d = open("text", "rb").read()
for n in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "sha384"):
    print(n, hashlib.new(n, d).hexdigest())
print(hmac.new(b"key", d, "sha256").hexdigest())
print(hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 1000).hex())
print(hashlib.scrypt(b"pw", salt=b"salt", n=256, r=8, p=1).hex())
'''
PY_SSL = '''
import ssl
a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
s = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
s.load_cert_chain("cert.pem", "key.pem")
c = ssl.create_default_context(cafile="cert.pem")
so = s.wrap_bio(a, b, server_side=True)
co = c.wrap_bio(b, a, server_hostname="localhost")
done = set()
while len(done) < 2:
    for o in (co, so):
        try:
            o.do_handshake()
            done.add(o)
        except ssl.SSLWantReadError:
            pass
co.write(b"hello")
print(so.read(100), co.version(), co.cipher()[0],
      co.getpeercert()["subject"])
'''
# The program's environment, as it changes, is that of native libraries.
PY_ENVIRONMENT = '''
import os, ssl
def trusted():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.set_default_verify_paths()
    return len(c.get_ca_certs())
os.environ["SSL_CERT_FILE"] = "/no/such/file"
os.environ["SSL_CERT_DIR"] = "/no/such/dir"
print(trusted())
os.environ["SSL_CERT_FILE"] = "cert.pem"
print(trusted())
del os.environ["SSL_CERT_FILE"]
print(trusted() != 1)
'''
PY_EXPAT = '''
import xml.etree.ElementTree as E
import xml.parsers.expat as X
d = "<?xml version='1.0' encoding='windows-1252'?><r>" + "".join(
    f"<i n='{i}'>text \\xe9 {i * i}<!-- c --></i>" for i in range(300)) + "</r>"
t = E.fromstring(d.encode("windows-1252"))
print(len(t), sum(int(x.get("n")) for x in t), ascii(t[7].text))
p = X.ParserCreate("koi8-r")
seen = []
p.StartElementHandler = lambda n, a: seen.append((n, a))
p.CharacterDataHandler = lambda s: seen.append(ascii(s))
p.Parse(b"<a k='v'>\\xc1\\xc2<b/></a>", True)
print(seen)
try:
    E.fromstring("<a><b></a>")
except E.ParseError as e:
    print(e)
'''
PY_SQLITE = '''
import sqlite3
db = sqlite3.connect("py.db")
db.create_function("twice", 1, lambda x: x * 2)
db.create_collation("rev", lambda a, b: (a < b) - (a > b))
class Sum:
    def __init__(self): self.n = 0
    def step(self, v): self.n += v
    def finalize(self): return self.n
db.create_aggregate("mysum", 1, Sum)
db.execute("create table t(a integer, b text, c blob)")
db.executemany("insert into t values(?,?,?)",
               [(i, "row %d" % i, bytes([i % 256]) * 20) for i in range(500)])
db.commit()
print(db.execute("select count(*), mysum(twice(a)) from t").fetchall())
print(db.execute("select b from t order by b collate rev limit 3").fetchall())
try:
    db.execute("select nothing from t")
except sqlite3.OperationalError as e:
    print(e)
db.set_progress_handler(lambda: 0, 100)
print(sum(1 for _ in db.iterdump()))
'''
PY_MATH = '''
import math, struct
v = [0.0, -0.0, 0.5, 1.0, -1.5, 2.5, 1e308, -1e-308, 5e-324, math.pi, 1e16,
     float("inf"), float("-inf"), float("nan")]
for f in (math.floor, math.ceil, math.sqrt, math.fabs, math.trunc):
    for x in v:
        try:
            print(f.__name__, x, struct.pack("<d", f(x)).hex())
        except (ValueError, OverflowError) as e:
            print(f.__name__, x, e)
for x in v[:11]:
    for y in v[2:11]:
        print(math.fmod(x, y).hex(), math.copysign(x, -y).hex(),
              math.ldexp(x, 3).hex() if x < 1e300 else "", math.frexp(x))
'''
SQL = '''create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into t select i, printf('row %06d', i) from n;
create index tb on t(b);
select count(*), sum(a), min(b), max(b) from t;
select b from t where b like '%99' order by a desc limit 4;
select group_concat(hex(a), ',') from t where a % 500 = 0;
explain query plan select * from t where b = 'row 000007';
'''


def rows(port):
    """name, command, libraries that must have run natively, files written."""
    def py(code):
        return ['python3', '-c', code]

    return [
        ('python-zlib', py(PY_ZLIB), 'z', []),
        ('python-bz2-lzma', py(PY_BZ2_LZMA), 'bz2 lzma', []),
        ('python-hashlib', py(PY_HASHLIB), 'crypto', []),
        ('python-ssl', py(PY_SSL), 'crypto', []),
        ('python-environment', py(PY_ENVIRONMENT), 'crypto', []),
        ('python-expat', py(PY_EXPAT), 'expat', []),
        ('python-sqlite3', py(PY_SQLITE), 'sqlite3', ['py.db']),
        ('python-math', py(PY_MATH), 'm', []),
        ('openssl-dgst', ['openssl', 'dgst', '-sha256', '-sha512', 'text'],
         'crypto', []),
        ('openssl-enc', ['openssl', 'enc', '-aes-256-cbc', '-pbkdf2', '-S',
                         '0123456789abcdef', '-k', 'pw', '-in', 'text',
                         '-out', 'text.enc'], 'crypto', ['text.enc']),
        ('openssl-speed', ['openssl', 'speed', '-seconds', '1', '-bytes',
                           '1024', '-evp', 'sha256'], 'crypto', []),
        ('openssl-verify', ['openssl', 'verify', '-CAfile', 'cert.pem',
                            'cert.pem'], 'crypto', []),
        ('openssl-s_client', ['openssl', 's_client', '-connect',
                              f'127.0.0.1:{port}', '-CAfile', 'cert.pem',
                              '-verify_return_error', '-brief'], 'crypto',
         []),
        ('sqlite3', ['sqlite3', 'shell.db', '-init', '/dev/null'], 'sqlite3',
         ['shell.db']),
        ('xz', ['xz', '-1', '-k', '-f', 'text'], 'lzma', ['text.xz']),
        ('unxz', ['xz', '-dc', 'given.xz'], 'lzma', []),
        ('zstd', ['zstd', '-q', '-f', '-k', 'text'], '', ['text.zst']),
        ('unzstd', ['zstd', '-q', '-dc', 'given.zst'], '', []),
        ('bzip2', ['bzip2', '-k', '-f', 'text'], 'bz2', ['text.bz2']),
        ('bunzip2', ['bzip2', '-dc', 'given.bz2'], 'bz2', []),
        ('pnmtopng', ['pnmtopng', 'picture.ppm'], 'png16', []),
        ('pngtopnm', ['pngtopnm', 'given.png'], 'png16', []),
        ('pngtopnm-bad', ['pngtopnm', 'text'], '', []),
        ('cjpeg', ['cjpeg', '-quality', '80', '-progressive', 'picture.ppm'],
         'jpeg', []),
        ('djpeg', ['djpeg', '-scale', '1/2', 'given.jpg'], 'jpeg', []),
        ('djpeg-bad', ['djpeg', 'text'], '', []),
        ('git-log', ['git', '-C', 'repo', 'log', '-p', '--stat'], 'z', []),
        ('git-commit', ['git', '-C', 'repo2', 'commit', '-q', '-a', '-m',
                        'again'], 'z', []),
        ('git-fsck', ['git', '-C', 'repo', 'fsck', '--full'], 'z', []),
        ('dtc', ['dtc', '-I', 'dts', '-O', 'dtb', '-o', 'out.dtb',
                 'tree.dts'], '', ['out.dtb']),
        ('fdtget', ['fdtget', 'given.dtb', '/cpus/cpu@0', 'reg'], 'fdt', []),
        ('fdtdump', ['fdtdump', 'given.dtb'], '', []),
        ('glib-loop', ['./glib-loop'], 'glib-2.0', []),
        ('glib-threads', ['./glib-threads'], 'glib-2.0', []),
        ('draw-pixman', ['./draw-pixman'], 'pixman-1', []),
        ('draw-cairo', ['./draw-cairo', 'out.png'], 'pixman-1', ['out.png']),
        ('zlib-threads', ['./zlib-threads'], 'z', []),
        ('zstd-stream', ['./zstd-stream'], 'zstd', []),
        ('png-errors', ['./png-errors', 'given.png', 'text'], 'png16', []),
        ('sqlite-callbacks', ['./sqlite-callbacks'], 'sqlite3', []),
    ]


STDIN = {'sqlite3': SQL}
# The numbers they print are times.
TIMES = {'openssl-speed'}
# Fixed names, dates and options for git.
GIT = {'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@example.org',
       'GIT_COMMITTER_NAME': 'a', 'GIT_COMMITTER_EMAIL': 'a@example.org',
       'GIT_AUTHOR_DATE': '2020-01-01T00:00:00Z',
       'GIT_COMMITTER_DATE': '2020-01-01T00:00:00Z', 'GIT_PAGER': 'cat',
       'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_NOSYSTEM': '1'}
DTS = '''/dts-v1/;
/ { compatible = "test"; #address-cells = <1>; #size-cells = <0>;
  cpus { #address-cells = <1>; #size-cells = <0>;
    cpu@0 { device_type = "cpu"; reg = <7>; clock = <&clk 3>; }; };
  clk: clock { label = "main"; rates = <1 2 3 4>; }; };
'''


def native(cmd, d, **kw):
    """Prepare something; False when it cannot be done here."""
    try:
        return subprocess.run(cmd, cwd=d, capture_output=True, check=False,
                              env={**os.environ, **GIT},
                              **kw).returncode == 0
    except FileNotFoundError:
        return False


def inputs(d):
    """The files the programs work on."""
    text = ''.join(f'line {i} {i * i} {"word " * (i % 7)}\n'
                   for i in range(6000))
    (d / 'text').write_text(text)
    (d / 'tree.dts').write_text(DTS)
    px = bytes((x * y + c * 40 + (x ^ y)) & 255
               for y in range(150) for x in range(200) for c in range(3))
    (d / 'picture.ppm').write_bytes(b'P6 200 150 255\n' + px)
    for cmd, out in ((['xz', '-c', 'text'], 'given.xz'),
                     (['zstd', '-qc', 'text'], 'given.zst'),
                     (['bzip2', '-c', 'text'], 'given.bz2'),
                     (['pnmtopng', 'picture.ppm'], 'given.png'),
                     (['cjpeg', 'picture.ppm'], 'given.jpg'),
                     (['dtc', 'tree.dts'], 'given.dtb')):
        if shutil.which(cmd[0], path=PATH):
            with open(d / out, 'wb') as f:
                subprocess.run(cmd, cwd=d, stdout=f, check=False,
                               stderr=subprocess.DEVNULL)
    native(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
            '-subj', '/CN=localhost', '-addext',
            'subjectAltName=DNS:localhost', '-keyout', 'key.pem', '-out',
            'cert.pem', '-days', '3650'], d)
    for repo in ('repo', 'repo2'):
        native(['git', 'init', '-q', repo], d)
        shutil.copy(d / 'text', d / repo / 'text')
        native(['git', '-C', repo, 'add', 'text'], d)
        native(['git', '-C', repo, 'commit', '-q', '-m', 'one'], d)
        (d / repo / 'text').write_text(text.replace('9', 'nine'))
    native(['git', '-C', 'repo', 'commit', '-qa', '-m', 'two'], d)
    for name, package, flags in BUILT:
        p = subprocess.run(['pkg-config', '--cflags', '--libs', package],
                           capture_output=True, text=True, check=False)
        if p.returncode == 0:
            subprocess.run(['gcc', '-O1', '-o', d / name,
                            HERE / f'{name}.c', *flags, *p.stdout.split(),
                            '-lm'], check=True)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Programs:
    def __init__(self, emu, hostlibs, d):
        self.emu, self.d = emu, d
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith('QEMU_')}
        self.env.update(GIT, LC_ALL='C.UTF-8', TZ='UTC', PATH=PATH)
        self.expected = {}
        self.server = None
        (d / 'given').mkdir()
        inputs(d / 'given')
        self.port = free_port()

    def serve(self):
        if not self.server:
            self.server = subprocess.Popen(
                ['openssl', 's_server', '-accept', str(self.port), '-cert',
                 'cert.pem', '-key', 'key.pem', '-quiet'],
                cwd=self.d / 'given', stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.5)

    def close(self):
        if self.server:
            self.server.kill()
            self.server.wait()

    def run(self, name, cmd, prefix, outputs):
        """(status, stdout, stderr, digests) in a fresh copy of the inputs."""
        work = self.d / 'work'
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self.d / 'given', work)
        prog = cmd[0] if '/' in cmd[0] else shutil.which(cmd[0], path=PATH)
        p = subprocess.run([*prefix, prog, *cmd[1:]], cwd=work, env=self.env,
                           input=STDIN.get(name, '').encode(),
                           capture_output=True, timeout=180, check=False)
        digests = []
        for out in outputs:
            f = work / out
            digests.append(hashlib.sha256(f.read_bytes()).hexdigest()
                           if f.exists() else None)
        texts = [p.stdout, p.stderr]
        if name in TIMES:
            texts = [re.sub(rb'[0-9.]+|  +', b'#', x) for x in texts]
        return p.returncode, *texts, digests

    def case(self, row, way):
        name, cmd, libraries, outputs = row
        given = self.d / 'given'
        if cmd[0].startswith('./'):
            if not (given / cmd[0]).exists():
                raise Skip(f'{name} cannot be built here')
        elif not shutil.which(cmd[0], path=PATH):
            raise Skip(f'{cmd[0]} is not installed')
        if name == 'openssl-s_client':
            self.serve()
        if name not in self.expected:
            self.expected[name] = self.run(name, cmd, [], outputs)
        want = self.expected[name]
        report = self.d / 'report.json'
        report.unlink(missing_ok=True)
        got = self.run(name, cmd, [self.emu, '-kzt', WAYS[way],
                                   '-kzt-report', str(report)], outputs)
        assert got == want, describe(want, got)
        if way in ('off', 'shadow'):
            return
        used = {f['library'] for f in json.loads(report.read_text())
                ['functions'] if f['calls']}
        missing = set(libraries.split()) & self.described() - used
        assert not missing, f'not native: {missing}, native: {used}'

    def described(self):
        out = subprocess.run([self.emu, '-kzt', 'list'], capture_output=True,
                             text=True, check=True).stdout
        names = {line.split()[0] for line in out.splitlines()[1:]}
        return names if HOST_LIBRARIES is None else \
            names & set(HOST_LIBRARIES.split())


def describe(want, got):
    for what, a, b in zip(('status', 'output', 'errors', 'files'), want, got):
        if a != b:
            if isinstance(a, bytes):
                for x, y in zip(a.split(b'\n') + [b'(end)'],
                                b.split(b'\n') + [b'(end)']):
                    if x != y:
                        a, b = x[:300], y[:300]
                        break
            return f'{what}: expected {a!r}, got {b!r}; ' \
                   f'errors end {got[2][-300:]!r}'
    return ''


def cases(emu, hostlibs, d, check):
    """check(name, function) runs one case."""
    d = pathlib.Path(d) / 'programs'
    d.mkdir()
    p = Programs(emu, hostlibs, d)
    try:
        for i, row in enumerate(rows(p.port)):
            for way in WAYS:
                # auto is entry, but for what planning.py looks at
                if LONG or way in ('on', 'slot') or (way == 'entry' and
                                                     i % 4 == 0):
                    check(f'{row[0]}-{way}', lambda: p.case(row, way))
    finally:
        p.close()
