import type { Policy } from '../decision/policy.ts'

export type Label = { name: string; color: string; description: string }

/** The labels that the gate uses, named as in the policy. GitHub allows descriptions of 100 characters. */
export function wantedLabels(policy: Policy | undefined): Label[] {
  const urgent = policy?.gates.release_window?.urgent.label
  return [
    ...(urgent === undefined
      ? []
      : [
          {
            name: urgent,
            color: 'd73a4a',
            description: 'Can be merged outside the release window. Give the reason.',
          },
        ]),
    { name: 'release', color: '0e8a16', description: 'A candidate for the next release window.' },
    { name: 'hold', color: 'fbca04', description: 'Must not be merged until this label is removed.' },
  ]
}

/** The labels that a repository is missing. Label names are case-insensitive on GitHub. */
export function missingLabels(wanted: Label[], present: string[]): Label[] {
  const known = new Set(present.map((name) => name.toLowerCase()))
  return wanted.filter(({ name }) => !known.has(name.toLowerCase()))
}
