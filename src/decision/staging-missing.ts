import { type Finding, type Step, waiting } from './gate.ts'
import { code, list } from './markdown.ts'
import type { RegressionSettings } from './regression-settings.ts'
import type { Deployment, RegressionFacts, Snapshot } from './snapshot.ts'
import { isOver, isTrusted, isUnderWay, liveDeployment, releaseLabel, releaseLabelOf } from './staging.ts'

/** Who has to act if it passes automatically. */
const nobody = 'No action needed'
const button = 'Anyone with write access: click "Run again" in the check "Staging regression"'

/** What a head without evidence waits for: who can act, and what is requested automatically. `why`: why a run that there is does not count. */
export function missingRunFinding(
  snapshot: Snapshot,
  facts: RegressionFacts,
  settings: RegressionSettings,
  why?: string,
): Finding {
  const asked = releaseLabelOf(snapshot)
  const note = asked.void === undefined ? {} : { details: [asked.void] }
  const say = (title: string, reason: string, who: string, next: Step[] = []) =>
    waiting(title, why === undefined ? reason : `${why} ${reason}`, {
      who,
      ...(who === nobody ? { automatic: true } : {}),
      ...(next.length > 0 ? { next } : {}),
      ...note,
    })
  const run: Step[] = [{ kind: 'run-regression', server: settings.server }]
  if (snapshot.head.fork) {
    return say(
      'Staging regression not requested',
      'The head is in a fork. It is not deployed automatically, and the regression runs only when someone with write access requests it.',
      button,
      [{ kind: 'offer-regression' }],
    )
  }
  if (settings.deployment === 'none') {
    if (asked.label)
      return say('Waiting for the staging regression', 'The regression has been requested.', nobody, run)
    return say(
      'Staging regression not run yet',
      `No regression has run on this head yet. Add the label ${code(releaseLabel)} or use the button to request one.`,
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
  const live = liveDeployment(ofHead)
  if (live && isTrusted(live, settings)) {
    return say(
      'Waiting for the staging regression',
      `This head is deployed to ${where}. The regression has been requested.`,
      nobody,
      run,
    )
  }
  const { label } = releaseLabelOf(snapshot)
  if (label && !snapshot.draft && wantsDeployment(ofHead, label.at)) {
    return say(
      'Waiting for a deployment',
      `This head is queued for ${where}. Only one pull request is deployed at a time, until its regression finishes.`,
      nobody,
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
      `${code(live.succeededBy ?? '')} reported the deployment to ${where}, but only reports from ${trusted} count.`,
      trusted,
    )
  }
  return notThere(newest, where, say)
}

/** Once for each time that the label is added, so that a failed deployment is not requested in a loop. */
function wantsDeployment(ofHead: Deployment[], labelledAt: string | null): boolean {
  return ofHead.every(
    ({ state, createdAt }) =>
      isOver(state) && labelledAt !== null && Date.parse(createdAt) < Date.parse(labelledAt),
  )
}

function notThere(newest: Deployment | undefined, where: string, say: Say): Finding {
  const who = `Anyone with write access: add the label ${code(releaseLabel)}, or deploy this head to ${where}`
  if (newest && isUnderWay(newest.state)) {
    return say('Waiting for a deployment', `This head is being deployed to ${where}.`, nobody)
  }
  if (newest?.state === 'inactive') {
    return say(
      'No longer on staging',
      `Another head replaced this one on ${where} before its regression ran.`,
      who,
    )
  }
  if (newest)
    return say(
      'Deployment failed',
      `The deployment of this head to ${where} ended with the state ${code(newest.state)}.`,
      who,
    )
  return say('Not on staging yet', `This head has not been deployed to ${where}.`, who)
}
