const ART = [
  String.raw`__        ___    _     ____  _   _ ____`,
  String.raw`\ \      / / \  | |   |  _ \| | | / ___|`,
  String.raw` \ \ /\ / / _ \ | |   | |_) | | | \___ \ `.trimEnd(),
  String.raw`  \ V  V / ___ \| |___|  _ <| |_| |___) |`,
  String.raw`   \_/\_/_/   \_\_____|_| \_\\___/|____/`,
]

/** What the shell shows a person first. */
export function banner(address: string, paint: (text: string) => string): string {
  const hint = `${address}: type commands (REGISTER/PUT/GET/STATE/METRICS), 'exit' or Ctrl+C to quit`
  return [...ART.map(paint), hint, ''].join('\n')
}
