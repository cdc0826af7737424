/** Settings for every git of the sandbox: no tidying up behind its back, and nothing here has to survive a power cut. */
const settings = {
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'receive.autogc': 'false',
  'core.fsync': 'none',
  'init.templateDir': '',
}

/** Nothing of the machine's own git settings reaches the sandbox. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const entries = Object.entries(settings)
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    ...extra,
  }
}
