import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Exchange } from '../../src/sandbox/github/inspection.ts'
import { mismatch, namesIn, type Schema } from './schema.ts'

/** What GitHub publishes of its REST API and its webhooks, and what of a conversation is not as described there. */

type Parameter = {
  $ref?: string
  name: string
  in: string
  required?: boolean
  schema: Schema
  'x-multi-segment'?: boolean
}
type Content = Record<string, { schema?: Schema }>
type Body = { content?: Content; $ref?: string }
type Operation = { parameters?: Parameter[]; requestBody?: Body; responses: Record<string, Body> }
type Document = {
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, { post: { requestBody: Body } }>
  components: Record<string, Record<string, unknown>>
}

const require = createRequire(import.meta.url)
const wordy = new Set([
  'description',
  'example',
  'examples',
  'title',
  'summary',
  'tags',
  'externalDocs',
  'format',
])

/** A published file of 13 MB without its words: 2 MB, kept beside the packages. */
function readDescription(name: '@octokit/openapi' | '@octokit/openapi-webhooks'): Document {
  const file = require.resolve(`${name}/generated/api.github.com.json`)
  const { version } = require(`${name}/package.json`) as { version: string }
  const kept = join(dirname(file), '../../../.cache/release-gate', `${name.split('/')[1]}-${version}.json`)
  try {
    return JSON.parse(readFileSync(kept, 'utf8'))
  } catch {
    const text = JSON.stringify(withoutWords(JSON.parse(readFileSync(file, 'utf8')), ''))
    mkdirSync(dirname(kept), { recursive: true })
    writeFileSync(`${kept}.${process.pid}`, text)
    renameSync(`${kept}.${process.pid}`, kept)
    return JSON.parse(text)
  }
}

/** Below `properties` a name is a field's, not a keyword. */
function withoutWords(value: unknown, under: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutWords(item, ''))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => under === 'properties' || !wordy.has(key))
  return Object.fromEntries(
    entries.map(([key, item]) => [key, withoutWords(item, under === 'properties' ? '' : key)]),
  )
}

let rest: Document | undefined
let hooks: Document | undefined
let areas: Map<string, { verb: string; template: string; operation: Operation }[]> | undefined
const routes = new Map<string, Route[]>()

const api = () => (rest ??= readDescription('@octokit/openapi'))
const webhooks = () => (hooks ??= readDescription('@octokit/openapi-webhooks'))

function lookIn(document: () => Document) {
  const known = new Map<string, unknown>()
  return <Found = Schema>(ref: string): Found => {
    const found = known.get(ref) ?? componentOf(document(), ref)
    known.set(ref, found)
    return found as Found
  }
}

function componentOf({ components }: Document, ref: string): unknown {
  const [, , kind = '', name = ''] = ref.split('/')
  const found = components[kind]?.[name]
  if (found === undefined) throw new Error(`GitHub's description has no ${ref}`)
  return found
}
const inApi = lookIn(api)
const inWebhooks = lookIn(webhooks)

type Route = { method: string; pattern: RegExp; exactness: number; operation: Operation; name: string }

/** The described operation that a request is; fixed parts of a path go before its parameters. */
function routeOf(method: string, path: string): Route | undefined {
  const fitting = routesAround(`${method} ${areaOf(path)}`).filter(({ pattern }) => pattern.test(path))
  return fitting.toSorted((a, b) => b.exactness - a.exactness)[0]
}

/** Of a thousand patterns only those of the areas that are asked for are made. */
function routesAround(area: string): Route[] {
  areas ??= Map.groupBy(
    Object.entries(api().paths).flatMap(([template, operations]) =>
      Object.entries(operations).map(([verb, operation]) => ({ verb, template, operation })),
    ),
    ({ verb, template }) => `${verb.toUpperCase()} ${areaOf(template)}`,
  )
  const known = routes.get(area)
  if (known) return known
  const made = (areas.get(area) ?? []).map(({ verb, template, operation }) =>
    routeFrom(verb.toUpperCase(), template, operation),
  )
  routes.set(area, made)
  return made
}

/** The part of the API that a path belongs to, which no parameter names: `orgs`, or `repos` with what follows the repository. */
function areaOf(path: string): string {
  const [, first = '', , , fourth = ''] = path.split('/')
  return first === 'repos' ? `repos/${fourth}` : first
}

function routeFrom(method: string, template: string, operation: Operation): Route {
  const many = new Set(parametersOf(operation).flatMap((one) => (one['x-multi-segment'] ? one.name : [])))
  // A path of files may be empty: the root.
  const pattern = template
    .replace(/\/\{(\w+)\}$/, (all, name) => (name === 'path' ? '(?:/.*)?' : all))
    .replace(/\{(\w+)\}/g, (_, name) => (many.has(name) ? '.+' : '[^/]+'))
  const exactness = template.replace(/\{\w+\}/g, '').length
  return { method, pattern: new RegExp(`^${pattern}$`), exactness, operation, name: `${method} ${template}` }
}

function parametersOf({ parameters = [] }: Operation): Parameter[] {
  return parameters.map((one) => (one.$ref === undefined ? one : inApi<Parameter>(one.$ref)))
}

function bodyOf(body: Body | undefined): Schema | undefined {
  const found = body?.$ref === undefined ? body : inApi<Body>(body.$ref)
  return found?.content?.['application/json']?.schema
}

/** Where the description itself is wrong: an account is said to be a person and an enterprise at the same time. */
const misprints = [
  /^GET \/app\/installations answers 200\/\d+\/account: name is missing$/,
  // A label may have no description: the full pull request and the label itself say so.
  /^GET \/repos\/\{owner\}\/\{repo\}\/(pulls|commits\/\{commit_sha\}\/pulls) answers 200\/\d+\/labels\/\d+\/description: null is not of the type string$/,
]

/** Sentences on what of a request and its answer GitHub does not describe; none where all is. */
export function undescribed(exchange: Exchange): string[] {
  const { method, path, status } = exchange
  if (path === '/graphql') return [] // the schema of the sandbox's is held to GitHub's by a test of its own
  const route = routeOf(method, path)
  if (!route)
    return status === 404 && exchange.actor !== 'installation' ? [] : [`${method} ${path} is no operation`]
  const wrong = [...wrongRequest(exchange, route.operation), ...wrongAnswer(exchange, route.operation)]
  return wrong
    .map((what) => `${route.name} ${what}`)
    .filter((what) => !misprints.some((misprint) => misprint.test(what)))
}

/** What people send wrongly on purpose, and is refused, is left alone; an App's requests never are. */
function wrongRequest({ actor, query, body, status }: Exchange, operation: Operation): string[] {
  if (status >= 400 && actor !== 'installation' && actor !== 'app') return []
  const named = new Map(parametersOf(operation).map((one) => [`${one.in} ${one.name}`, one]))
  const queries = [...query].flatMap(([name, value]) => {
    const parameter = named.get(`query ${name}`)
    if (!parameter) return [`has no parameter "${name}"`]
    const wrong = mismatch(typed(value, parameter.schema), parameter.schema, inApi)
    return wrong ? [`?${name}=${value} ${wrong}`] : []
  })
  return [...queries, ...wrongBody(body, bodyOf(operation.requestBody))]
}

function typed(text: string, { type }: Schema): unknown {
  if (type === 'integer' || type === 'number') return Number(text)
  return type === 'boolean' ? { true: true, false: false }[text] : text
}

function wrongBody(body: unknown, schema: Schema | undefined): string[] {
  if (body === undefined || !schema) return body === undefined || isEmpty(body) ? [] : ['has no body']
  const wrong = mismatch(body, schema, inApi)
  const names = namesIn(schema, inApi)
  const foreign =
    typeof body === 'object' && body !== null && !Array.isArray(body) && names.size > 0
      ? Object.keys(body).filter((name) => !names.has(name))
      : []
  return [...(wrong ? [`body${wrong}`] : []), ...foreign.map((name) => `body has no field "${name}"`)]
}

function isEmpty(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length === 0
}

function wrongAnswer({ status, answer }: Exchange, { responses }: Operation): string[] {
  const described = responses[status]
  if (!described) return status < 400 ? [`never answers ${status}`] : []
  const schema = bodyOf(described)
  const wrong = schema && answer !== undefined ? mismatch(answer, schema, inApi) : undefined
  return wrong ? [`answers ${status}${wrong}`] : []
}

/** The same for a webhook. */
export function undescribedWebhook(event: string, payload: unknown): string[] {
  const action = (payload as { action?: string }).action
  const name = [event, ...(action === undefined ? [] : [action])].join('-').replaceAll('_', '-')
  const body = webhooks().webhooks[name]?.post.requestBody.content?.['application/json']?.schema
  if (!body) return [`${name} is no webhook`]
  const wrong = mismatch(JSON.parse(JSON.stringify(payload)), body, inWebhooks)
  return wrong ? [`${name}${wrong}`] : []
}
