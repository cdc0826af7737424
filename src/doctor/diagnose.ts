import { checkName } from '../decision/report.ts'
import { appFindings, installationFindings } from './app-findings.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Facts, ProbeFacts } from './facts.ts'
import { repositoryFindings } from './repository-findings.ts'
import { slackFindings } from './slack-findings.ts'

const weight = { error: 0, warning: 1, unknown: 2, information: 3 }

/** Whether the gate is really enforced, from facts alone. The worst findings come first. */
export function diagnose(facts: Facts): Diagnosis[] {
  const found = [
    ...appFindings(facts),
    ...installationFindings(facts),
    ...facts.repositories.flatMap((repository) =>
      repositoryFindings(repository, { check: checkName, appId: facts.app.id, repository: repository.name }),
    ),
    ...facts.probes.map(probeFinding),
    ...slackFindings(facts),
  ]
  return found.sort((a, b) => weight[a.severity] - weight[b.severity])
}

function probeFinding({ name, state, message, fix: known }: ProbeFacts): Diagnosis {
  const severity = ({ ok: 'information', failed: 'error', unknown: 'unknown' } as const)[state]
  const check = `Check that the ${name} is running and that its settings are correct.`
  const fix = state === 'failed' ? (known ?? check) : ''
  return { severity, repository: 'this machine', rule: `probe-${state}`, about: name, what: message, fix }
}

/** Errors and warnings are drift and need fixing. Unreadable settings and notes are not drift. */
export function isDrift({ severity }: Diagnosis): boolean {
  return severity === 'error' || severity === 'warning'
}
