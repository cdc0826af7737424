import { oneLine } from '../decision/markdown.ts'
import { listed, quoted } from '../doctor/diagnosis.ts'
import { policyPath } from '../policy/policy-file.ts'
import { samplePolicy } from './sample-policy.ts'
import type { SetupPlan, SetupStep } from './setup-plan.ts'

/** The plan for people. */
export function planText(repository: string, { steps, unsayable }: SetupPlan): string {
  const left = unsayable.map(
    (pattern) =>
      `A ruleset cannot say ${quoted(pattern)} of the policy's \`branches\`: require the check there by hand, or write simpler patterns.\n`,
  )
  if (steps.length === 0) return `${repository}: nothing to do.\n${left.join('')}`
  const lines = steps.map((step, index) => `  ${index + 1}. ${stepText(step)}`)
  return `${repository}: to do\n${lines.join('\n')}\n${left.join('')}`
}

export function stepText(step: SetupStep): string {
  switch (step.kind) {
    case 'push-policy':
      return `Commit a policy as ${policyPath} to the default branch; this is one to begin with:\n\n${indented(samplePolicy)}\n     The check is not required before: it would block everything, the policy too. Then run \`setup\` again.`
    case 'mend-policy':
      return `Mend ${step.where}, and run \`setup\` again: ${step.problems.map((one) => oneLine(one, 200)).join(' ')}`
    case 'create-ruleset':
      return `Create the ruleset ${quoted(step.body.name)} ${rulesText(step.body)}`
    case 'update-ruleset':
      return `Change the ruleset ${quoted(step.body.name)}, so that it is in force ${rulesText(step.body)}`
    case 'create-label':
      return `Create the label ${quoted(step.label.name)} (#${step.label.color}): ${step.label.description}`
  }
}

/** Whether GitHub can be asked to do it; the others are for people. */
export function isByHand({ kind }: SetupStep): boolean {
  return kind === 'push-policy' || kind === 'mend-policy'
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
      ({ context, integration_id: app }) => quoted(context) + (app === undefined ? '' : ` of the App ${app}`),
    )
  const others = rules.map(({ type }) => sayings[type]).filter((saying) => saying !== undefined)
  return `for ${branches}: requires ${listed([`the check ${listed(checks)}`, ...others])}.`
}

function branchOf(ref: string): string {
  return ref === '~DEFAULT_BRANCH' ? 'the default branch' : ref.replace(/^refs\/heads\//, '')
}

const sayings: Record<string, string> = {
  pull_request: 'a pull request',
  non_fast_forward: 'no force pushes',
  deletion: 'no deletion',
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '       ')
}
