#!/usr/bin/env bash
# Runs the tests of the native parts under a tool that watches them: check-native.sh asan|valgrind|full-disk
#   asan       AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, of gcc
#   valgrind   memcheck, with the interpreter of Node only; takes minutes
#   full-disk  file systems with no space left; mounts them, so it needs root
# Needs `npm run build` before. Exit code 1 when anything is found.
set -euo pipefail
cd "$(dirname "$0")/../.."
mocha=$PWD/node_modules/mocha/bin/mocha.js
watch=(node --enable-source-maps)

build() {
  (cd libs/adapters-fs && node ../../tools/bin/build-native.js walrus_mmap.node native/mapping.c)
  (cd libs/adapters-uring && node ../../tools/bin/build-native.js walrus_uring.node native/ring.c native/addon.c &&
    node ../../tools/bin/build-native.js without-ring native/testing/without-ring.c)
}

run_tests() {
  (cd libs/adapters-fs && "${watch[@]}" "$mocha" --no-config --timeout 0 --forbid-pending 'dist/mmap/*.test.js')
  (cd libs/adapters-uring && "${watch[@]}" "$mocha" --no-config --timeout 0 --forbid-pending 'dist/*.test.js')
}

case "${1:-}" in
asan)
  reports=$(mktemp -d)
  trap 'unset LD_PRELOAD; build; rm -r "$reports"' EXIT
  WALRUS_NATIVE_CFLAGS='-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' build
  LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
  # Node leaves memory behind when it ends, which is no error; what native parts of this project leave behind is.
  ASAN_OPTIONS=detect_leaks=1:log_path=$reports/report
  LSAN_OPTIONS=exitcode=0
  export LD_PRELOAD ASAN_OPTIONS LSAN_OPTIONS
  run_tests
  unset LD_PRELOAD
  ls "$reports"/report* > /dev/null # Without any, leaks were not looked for.
  if grep -l 'ERROR: AddressSanitizer\|runtime error' "$reports"/report*; then exit 1; fi
  if grep -h -B 2 -A 5 '#1 .* native/.*\.c:' "$reports"/report*; then exit 1; fi
  echo "native parts: no error and no leak"
  ;;
valgrind)
  # It cannot see what the kernel puts into a buffer through a ring, and would call that undefined.
  watch=(valgrind --quiet --error-exitcode=1 --undef-value-errors=no node --jitless --enable-source-maps)
  run_tests
  ;;
full-disk)
  node --enable-source-maps libs/adapters-uring/dist/testing/full-disk-program.js
  ;;
*)
  sed -n '2,6p' "$0" >&2
  exit 2
  ;;
esac
