/** The rules of one repository, as its people have agreed on them. The policy file and the oracle both follow from this. */
export type Rules = {
  count: number
  team?: string
  window?: { days: string[]; opens: number; closes: number }
  urgent?: { allowAuthor?: false; boundToHead?: false; reason?: true; expiresAfterHours?: number }
  hold?: true
  slack?: true
  /** Bases beside the default branch that the policy covers. */
  branches?: string[]
}

/** What stands in the policy file; `undefined` is a file that nobody can read. */
export function policyText(rules: Rules | undefined): string {
  if (!rules) return 'gates: [nothing\n'
  const { count, team, window, urgent, hold, branches, slack } = rules
  const lines = [
    ...(branches ? [`branches: [main, ${branches.map((branch) => `"${branch}"`).join(', ')}]`] : []),
    ...(slack ? ['slack: { channel: "#releases" }'] : []),
    'gates:',
    `  approvals: { count: ${count}${team ? `, teams: [${team}]` : ''} }`,
    ...(window ? windowLines(window, urgent) : []),
    ...(hold ? ['  hold: {}'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function windowLines(window: NonNullable<Rules['window']>, urgent: Rules['urgent'] = {}): string[] {
  const spans = window.days.map(
    (day) => `{ opens: ${day} ${clock(window.opens)}, closes: ${day} ${clock(window.closes)} }`,
  )
  const settings = [
    ...(urgent.allowAuthor === false ? ['allow_author: false'] : []),
    ...(urgent.boundToHead === false ? ['bound_to_head: false'] : []),
    ...(urgent.reason ? ['reason: required'] : []),
    ...(urgent.expiresAfterHours ? [`expires_after: ${urgent.expiresAfterHours}h`] : []),
  ]
  return [
    '  release_window:',
    `    windows: [${spans.join(', ')}]`,
    ...(settings.length > 0 ? [`    urgent: { ${settings.join(', ')} }`] : []),
  ]
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}
