import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  parse,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

/** What GitHub counts of a query before it answers: points of the hourly limit, and nodes that it might have to give. */
export type QueryCost = { cost: number; nodeCount: number }

/** More than this GitHub does not even begin to answer. */
export const MOST_NODES = 500_000

type Variables = Record<string, unknown>
type Tally = { requests: number; nodes: number }
type Walk = { variables: Variables; fragments: Map<string, FragmentDefinitionNode>; tally: Tally }

/**
 * One request for each connection of each node above it, as many as the `first` and `last` arguments allow; divided by a
 * hundred and rounded, at least 1. `nodes(ids:)` is not a connection: GitHub documents no price for it, so each id counts as a
 * node above, which is never too little.
 * https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */
export function costOf(query: string, variables: Variables = {}): QueryCost {
  const tally = { requests: 0, nodes: 0 }
  for (const { selectionSet, walk } of operationsOf(query, variables, tally)) visit(selectionSet, 1, walk)
  return { cost: Math.max(1, Math.round(tally.requests / 100)), nodeCount: tally.nodes }
}

/** None where the text is not GraphQL: GitHub then answers what is wrong with it. */
function operationsOf(query: string, variables: Variables, tally: Tally) {
  try {
    const { definitions } = parse(query)
    const named = definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [one] : []))
    const walk: Walk = { variables, fragments: new Map(named.map((one) => [one.name.value, one])), tally }
    return definitions.flatMap((one) =>
      one.kind === Kind.OPERATION_DEFINITION ? [{ selectionSet: one.selectionSet, walk }] : [],
    )
  } catch {
    return []
  }
}

function visit(selections: SelectionSetNode | undefined, above: number, walk: Walk): void {
  for (const selection of selections?.selections ?? []) {
    if (selection.kind === Kind.FIELD)
      visit(selection.selectionSet, above * weigh(selection, above, walk), walk)
    else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, above, walk)
    else visit(walk.fragments.get(selection.name.value)?.selectionSet, above, walk)
  }
}

/** Counts a field, and gives how many nodes it may have below each one above. */
function weigh(field: FieldNode, above: number, { variables, tally }: Walk): number {
  const given = new Map(
    (field.arguments ?? []).map(({ name, value }) => [name.value, plain(value, variables)]),
  )
  const ids = given.get('ids')
  const rows = Array.isArray(ids) ? ids.length : (given.get('first') ?? given.get('last'))
  if (typeof rows !== 'number') return 1
  tally.requests += above
  tally.nodes += above * rows
  return rows
}

function plain(value: ValueNode, variables: Variables): unknown {
  if (value.kind === Kind.VARIABLE) return variables[value.name.value]
  if (value.kind === Kind.INT) return Number(value.value)
  return value.kind === Kind.LIST ? value.values : undefined
}
