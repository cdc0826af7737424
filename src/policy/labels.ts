import type { Policy } from '../decision/policy.ts'

export type Label = { name: string; color: string; description: string }

/** The labels that the gate and its people use, as the policy names them. GitHub allows 100 characters of description. */
export function wantedLabels(policy: Policy | undefined): Label[] {
  const urgent = policy?.gates.release_window?.urgent.label
  return [
    ...(urgent === undefined
      ? []
      : [
          {
            name: urgent,
            color: 'd73a4a',
            description: 'May be merged outside the release window. Say why.',
          },
        ]),
    { name: 'release', color: '0e8a16', description: 'A candidate for the next release window.' },
    { name: 'hold', color: 'fbca04', description: 'Must not be merged until this label is taken off.' },
  ]
}

/** Those that a repository does not have; GitHub does not tell `Urgent` from `urgent`. */
export function missingLabels(wanted: Label[], present: string[]): Label[] {
  const known = new Set(present.map((name) => name.toLowerCase()))
  return wanted.filter(({ name }) => !known.has(name.toLowerCase()))
}
