import { type Finding, type Step, waiting } from './gate.ts'
import { code, list } from './markdown.ts'
import type { RegressionSettings } from './regression-settings.ts'
import type { Deployment, Evidence, RegressionFacts, Snapshot } from './snapshot.ts'
import { isOver, isTrusted, isUnderWay, releaseLabel, releaseLabelOf } from './staging.ts'

const button = 'A person with write access, by the button of the check "Staging regression"'

/** What a head without evidence waits for: who can do it, and what is asked for by itself. `old` is a run that is no longer fresh. */
export function withoutEvidence(
  snapshot: Snapshot,
  facts: RegressionFacts,
  settings: RegressionSettings,
  old?: Evidence,
): Finding {
  const asked = releaseLabelOf(snapshot)
  const note = asked.void === undefined ? {} : { details: [asked.void] }
  const say = (title: string, reason: string, who: string, next: Step[] = []) =>
    waiting(title, old ? `The last run passed more than ${settings.freshness} ago. ${reason}` : reason, {
      who,
      ...(next.length > 0 ? { next } : {}),
      ...note,
    })
  const run: Step[] = [{ kind: 'run-regression', server: settings.server }]
  if (snapshot.head.fork) {
    return say(
      'Staging regression not asked for',
      'The head comes from a fork. It is never deployed by us, and is judged only when a person with write access asks.',
      button,
      [{ kind: 'offer-regression' }],
    )
  }
  if (settings.deployment === 'none') {
    if (asked.label)
      return say('Waiting for the staging regression', 'The regression has been asked for.', 'Nobody', run)
    return say(
      'Staging regression not run yet',
      `No run has judged this head yet. The label ${code(releaseLabel)} asks for one, and so does the button.`,
      button,
      [{ kind: 'offer-regression' }],
    )
  }
  return deployed(snapshot, facts, settings, say, run)
}

type Say = (title: string, reason: string, who: string, next?: Step[]) => Finding

function deployed(
  snapshot: Snapshot,
  facts: RegressionFacts,
  settings: RegressionSettings,
  say: Say,
  run: Step[],
): Finding {
  const ofHead = facts.deployments.filter(({ sha }) => sha === snapshot.head.sha)
  const [newest] = ofHead
  const where = code(settings.environment)
  const live = ofHead.find(({ state }) => state === 'success')
  if (live && isTrusted(live, settings)) {
    return say(
      'Waiting for the staging regression',
      `This head runs on ${where}. The regression has been asked for.`,
      'Nobody',
      run,
    )
  }
  const { label } = releaseLabelOf(snapshot)
  if (label && !snapshot.draft && wantsDeployment(ofHead, label.at)) {
    return say(
      'Waiting for a deployment',
      `This head is deployed to ${where} in its turn: one candidate at a time, each until it has been judged.`,
      'The deployment workflow of the repository',
      [{ kind: 'request-deployment', environment: settings.environment }],
    )
  }
  if (live) {
    const trusted = list(
      settings.deployers.map((login) => code(login)),
      'or',
    )
    return say(
      'Deployment is not trusted',
      `${code(live.succeededBy ?? '')} reported the deployment to ${where}; only the word of ${trusted} counts.`,
      trusted,
    )
  }
  return notThere(newest, where, say)
}

/** Once for each time that the label is put on: a deployment that failed is not asked for in a circle. */
function wantsDeployment(ofHead: Deployment[], labelledAt: string | null): boolean {
  return ofHead.every(
    ({ state, createdAt }) =>
      isOver(state) && labelledAt !== null && Date.parse(createdAt) < Date.parse(labelledAt),
  )
}

function notThere(newest: Deployment | undefined, where: string, say: Say): Finding {
  const who = `Whoever deploys to ${where}; or a person with write access, by the label ${code(releaseLabel)}`
  if (newest && isUnderWay(newest.state)) {
    return say(
      'Waiting for a deployment',
      `This head is on its way to ${where}.`,
      'The deployment workflow of the repository',
    )
  }
  if (newest?.state === 'inactive') {
    return say(
      'No longer on staging',
      `Another head has taken the place of this one on ${where} before it was judged.`,
      who,
    )
  }
  if (newest)
    return say(
      'Deployment failed',
      `The deployment of this head to ${where} ended with ${code(newest.state)}.`,
      who,
    )
  return say('Not on staging yet', `This head has not been deployed to ${where}.`, who)
}
