import { type Diagnosis, type Found, listed } from './diagnosis.ts'
import type { Facts, InstallationFacts, Permissions, RequestedGrant } from './facts.ts'

const APP = 'the App'

/** The App's permissions and events, compared with `app.yml`. */
export function appFindings({ app }: Facts): Diagnosis[] {
  const { asks, has } = app
  const found: Found[] = [
    ...notGranted(asks.permissions, has.permissions).map((asked) => ({
      severity: 'error' as const,
      rule: 'app-permission-lacking',
      about: asked.name,
      what: `The App does not have the permission ${shown(asked)}. It is needed for: ${asked.reason}.`,
      fix: "Add it in the App's settings. The owner of each installation then has to accept it.",
    })),
    ...notSubscribed(asks.events, has.events).map((asked) => ({
      severity: 'error' as const,
      rule: 'app-event-lacking',
      about: asked.name,
      what: `The App is not subscribed to the event ${asked.name}.${asked.reason ? ` It is needed for: ${asked.reason}.` : ''}`,
      fix: "Subscribe to it in the App's settings.",
    })),
  ]
  const excess = Object.entries(has.permissions).filter(([name, level]) =>
    isExcess(asks.permissions, name, level),
  )
  if (excess.length > 0) {
    const names = excess.map(([name, level]) => `${name}: ${level}`)
    found.push({
      severity: 'warning',
      rule: 'app-permission-excess',
      about: names.sort().join(', '),
      what: `The App has permissions that it does not use: ${listed(names)}.`,
      fix: "Remove them in the App's settings.",
    })
  }
  return found.map((one) => ({ ...one, repository: APP }))
}

/** What each account has granted: new permissions of an App take effect only once the account's owner accepts them. */
export function installationFindings({ app, installations }: Facts): Diagnosis[] {
  return installations.flatMap((one) =>
    findingsOf(one, app).map((found) => ({ ...found, repository: one.account })),
  )
}

function findingsOf(one: InstallationFacts, { asks, has }: Facts['app']): Found[] {
  const finding = (
    severity: Found['severity'],
    rule: string,
    what: string,
    fix: string,
    about = '',
  ): Found => ({
    severity,
    rule,
    about,
    what,
    fix,
  })
  if (!one.served) {
    const what = 'This account is not in ALLOWED_ACCOUNTS, so the bot ignores it.'
    return [finding('information', 'account-not-served', what, 'Add the account, or uninstall the App.')]
  }
  if (one.suspended) {
    const what =
      'The installation is suspended. No check is published, so nothing can be merged where the check is required.'
    return [finding('error', 'installation-suspended', what, `Unsuspend it at ${one.page}.`)]
  }
  const of = { permissions: one.permissions, events: one.events }
  const missing = [
    ...notGranted(asks.permissions, of.permissions)
      .filter((asked) => grants(has.permissions, asked))
      .map(shown),
    ...notSubscribed(asks.events, of.events)
      .filter(({ name }) => has.events.includes(name))
      .map(({ name }) => `the event ${name}`),
  ]
  const found: Found[] = []
  if (missing.length > 0) {
    const what = `This account has not granted everything the App requests. Missing: ${listed(missing)}.`
    found.push(
      finding(
        'error',
        'installation-lacks',
        what,
        `An owner has to accept the request at ${one.page}.`,
        missing.join(', '),
      ),
    )
  }
  if (one.unreadable !== undefined) {
    const what = `The installation cannot be read: ${one.unreadable}`
    found.push(
      finding(
        'error',
        'installation-unreadable',
        what,
        'Run `doctor` again. If it keeps failing, check githubstatus.com.',
      ),
    )
  }
  return found
}

function grants(given: Permissions, { name, level }: RequestedGrant): boolean {
  return given[name] === level || given[name] === 'write' || given[name] === 'admin'
}

function notGranted(asked: RequestedGrant[], given: Permissions): RequestedGrant[] {
  return asked.filter((one) => !grants(given, one))
}

function notSubscribed(asked: RequestedGrant[], given: string[]): RequestedGrant[] {
  return asked.filter(({ name }) => !given.includes(name))
}

function isExcess(asked: RequestedGrant[], name: string, level: string): boolean {
  const wanted = asked.find((one) => one.name === name)
  return wanted === undefined || (wanted.level === 'read' && level !== 'read')
}

function shown({ name, level }: RequestedGrant): string {
  return `${name}: ${level}`
}
