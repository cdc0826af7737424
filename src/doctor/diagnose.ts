import { checkName } from '../decision/report.ts'
import { judgeApp, judgeInstallations } from './app-findings.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Facts, ProbeFacts } from './facts.ts'
import { judgeRepository } from './repository-findings.ts'

const weight = { error: 0, warning: 1, unknown: 2, information: 3 }

/** Whether the gate is really enforced, from facts alone. The worst findings come first. */
export function diagnose(facts: Facts): Diagnosis[] {
  const found = [
    ...judgeApp(facts),
    ...judgeInstallations(facts),
    ...facts.repositories.flatMap((repository) =>
      judgeRepository(repository, { check: checkName, appId: facts.app.id, repository: repository.name }),
    ),
    ...facts.probes.map(judgeProbe),
  ]
  return found.sort((a, b) => weight[a.severity] - weight[b.severity])
}

function judgeProbe({ name, state, says }: ProbeFacts): Diagnosis {
  const severity = ({ ok: 'information', failed: 'error', unknown: 'unknown' } as const)[state]
  const mend = state === 'failed' ? `See that the ${name} runs and that its settings are right.` : ''
  return { severity, repository: 'this machine', rule: `probe-${state}`, about: name, what: says, mend }
}

/** Drift is what must be mended; what may not be read, and what is only told, is none. */
export function isDrift({ severity }: Diagnosis): boolean {
  return severity === 'error' || severity === 'warning'
}
