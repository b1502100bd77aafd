# SPDX-License-Identifier: GPL-2.0-or-later
# A long bash script: arrays, functions, pipes, traps, job control.
set -u
shopt -s extglob

declare -A count
for w in the cat sat on the mat and the dog sat too; do
    count[$w]=$(( ${count[$w]:-0} + 1 ))
done
for k in $(printf '%s\n' "${!count[@]}" | sort); do
    echo "$k=${count[$k]}"
done

fib() { local n=$1; (( n < 2 )) && { echo $n; return; }
    echo $(( $(fib $((n-1))) + $(fib $((n-2))) )); }
fib 10

primes=()
for ((i = 2; i < 3000; i++)); do
    for p in "${primes[@]}"; do
        (( p * p > i )) && break
        (( i % p == 0 )) && continue 2
    done
    primes+=($i)
done
echo "${#primes[@]} primes, last ${primes[-1]}"

trap 'echo "exit trap"' EXIT
trap 'echo "got USR1"' USR1
trap 'echo "got USR2"; usr2=1' USR2
kill -USR1 $$
(kill -USR2 $$) ; usr2=${usr2:-0}; echo "usr2=$usr2"

# Jobs, wait and statuses.
(sleep 0.2; exit 7) & j1=$!
(sleep 0.1; exit 9) & j2=$!
wait $j2; echo "second: $?"
wait $j1; echo "first: $?"
sleep 100 & victim=$!; sleep 1
kill -TERM $victim; wait $victim 2>/dev/null; echo "killed: $?"
set -m
sleep 0.1 & fg %1 >/dev/null; echo "fg: $?"
sleep 50 & kill -STOP $!; sleep 0.2
jobs | sed 's/[0-9]\{3,\}//g'
kill -KILL %1; wait 2>/dev/null
set +m

# Pipes, process substitution, here documents, redirections.
seq 500 | while read -r n; do echo $((n * n)); done | tail -n 1
diff <(seq 5) <(seq 6); echo "diff: $?"
cat <<-E | tr a-z A-Z
	here document with $((6 * 7))
E
exec 5<> fd.txt; echo "to five" >&5; exec 5<&-; cat fd.txt
{ echo out; echo err >&2; } 2>&1 | sort
set -o pipefail; false | true; echo "pipefail: $?"
for f in 1 2 3 4 5 6 7 8; do echo "file $f" > "f$f"; done
echo f!(1|2) ; echo {a..e}{1..3} ; echo "${primes[@]:5:5}"
str="Hello, World"; echo "${str,,} ${str^^} ${str:7} ${str/World/Bash} ${#str}"
printf '%q %5.2f %x\n' "a b" 3.14159 255
[[ $str =~ ^(H.*o),\ (.*)$ ]] && echo "${BASH_REMATCH[2]}"
read -r -t 0.1 x < /dev/zero || echo "read timeout or nul"
mapfile -t lines < <(seq 1000); echo "${#lines[@]} ${lines[999]}"
getopts ab: opt -a -b v; echo "$opt"
ulimit -n >/dev/null; umask; cd /; pwd; cd - >/dev/null
timeout 0.2 bash -c 'while :; do :; done'; echo "timeout: $?"
bash -c 'kill -ABRT $$' 2>/dev/null; echo "abrt: $?"
exec 3>&1; (echo "to fd 3" >&3); exec 3>&-
exit 5
