import { oneLine } from '../decision/markdown.ts'
import { listed, quoted } from '../doctor/diagnosis.ts'
import { policyPath } from '../policy/policy-file.ts'
import { samplePolicy } from './sample-policy.ts'
import type { SetupPlan, SetupStep } from './setup-plan.ts'

const requireThem = 'Require the check on those branches manually'

const excludeThem =
  'Where the check is required on those branches, nothing can be merged there, since they never get one: exclude them manually'

/** The plan as text for people. */
export function planText(
  repository: string,
  { steps, inexpressible, reportOnly, runbook }: SetupPlan,
): string {
  const left = inexpressible.map(
    (pattern) =>
      `A ruleset cannot express ${quoted(pattern)} from the policy's \`branches\`. ${pattern.startsWith('!') ? excludeThem : requireThem}, or use simpler patterns.\n`,
  )
  if (reportOnly)
    left.push(
      'The policy only reports (`enforce: false`): the check is green whatever the gates say, also where it is required. Remove that line to enforce it.\n',
    )
  if (runbook)
    left.push(
      `The policy names the gate \`runbooks\`: commit ${oneLine(runbook.file, 400)} for each tool, filled in from this template:\n\n${indented(runbook.text)}`,
    )
  if (steps.length === 0) return `${repository}: nothing to do.\n${left.join('')}`
  const lines = steps.map((step, index) => `  ${index + 1}. ${stepText(step)}`)
  return `${repository}: to do\n${lines.join('\n')}\n${left.join('')}`
}

export function stepText(step: SetupStep): string {
  switch (step.kind) {
    case 'push-policy':
      return `Commit a policy as ${policyPath} to the default branch. You can start with this one:\n\n${indented(samplePolicy)}\n     Until then the check is not required, since it would block every pull request. Afterwards, run \`setup\` again.`
    case 'fix-policy':
      return `Fix ${step.where} and run \`setup\` again: ${step.problems.map((one) => oneLine(one, 200)).join(' ')}`
    case 'commit-incident-form':
      return incidentFormText(step)
    case 'create-ruleset':
      return `Create the ruleset ${quoted(step.body.name)} ${rulesText(step.body)}`
    case 'update-ruleset':
      return `Update and enable the ruleset ${quoted(step.body.name)} ${rulesText(step.body)}`
    case 'create-label':
      return `Create the label ${quoted(step.label.name)} (#${step.label.color}): ${step.label.description}`
  }
}

function incidentFormText({
  repository,
  file,
  lacks,
  url,
}: Extract<SetupStep, { kind: 'commit-incident-form' }>): string {
  const form = 'the output of `release-gate incident form`'
  return url
    ? `Commit the incident issue form as ${file} in ${repository}: ${form}, or GitHub's editor with the file filled in:\n\n       ${url}\n`
    : `Replace ${file} in ${repository} with ${form}. It is missing ${listed(lacks)}.`
}

/** Whether a person has to do it; GitHub's API can do the others. */
export function isManual({ kind }: SetupStep): boolean {
  return kind === 'push-policy' || kind === 'fix-policy' || kind === 'commit-incident-form'
}

function rulesText({ conditions, rules }: Extract<SetupStep, { kind: 'create-ruleset' }>['body']): string {
  const branches = listed(conditions.ref_name.include.map((ref) => oneLine(branchOf(ref), 100)))
  const checks = rules
    .filter(({ type }) => type === 'required_status_checks')
    .flatMap(
      ({ parameters }) =>
        parameters?.required_status_checks as { context: string; integration_id?: number }[],
    )
    .map(
      ({ context, integration_id: app }) => quoted(context) + (app === undefined ? '' : ` from App ${app}`),
    )
  const others = rules.map(({ type }) => ruleNames[type]).filter((name) => name !== undefined)
  return `for ${branches}: requires ${listed([`the check ${listed(checks)}`, ...others])}.`
}

function branchOf(ref: string): string {
  return ref === '~DEFAULT_BRANCH' ? 'the default branch' : ref.replace(/^refs\/heads\//, '')
}

const ruleNames: Record<string, string> = {
  pull_request: 'a pull request',
  non_fast_forward: 'no force pushes',
  deletion: 'no deletion',
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '       ')
}
