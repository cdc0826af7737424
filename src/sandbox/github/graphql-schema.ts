import { buildSchema } from 'graphql'

/** The few fields of GitHub's GraphQL API that have no REST counterpart, and what one reads beside them. */
export const graphqlSchema = buildSchema(`
  enum PullRequestMergeMethod { MERGE SQUASH REBASE }
  enum PullRequestState { OPEN CLOSED MERGED }
  scalar GitObjectID
  scalar DateTime

  type Query {
    viewer: User!
    repository(owner: String!, name: String!): Repository
    node(id: ID!): Node
  }
  interface Node { id: ID! }
  interface Actor { login: String! }
  type User implements Node & Actor { id: ID! databaseId: Int login: String! }
  type Repository implements Node {
    id: ID!
    databaseId: Int
    nameWithOwner: String!
    pullRequest(number: Int!): PullRequest
    pullRequests(states: [PullRequestState!], first: Int, last: Int, after: String): PullRequestConnection!
    object(expression: String, oid: GitObjectID): Commit
  }
  type AutoMergeRequest { enabledBy: User mergeMethod: PullRequestMergeMethod! }
  type MergeQueueEntry { id: ID! position: Int! }
  type PullRequest implements Node {
    id: ID!
    databaseId: Int
    number: Int!
    title: String!
    isDraft: Boolean!
    state: PullRequestState!
    headRefOid: GitObjectID!
    baseRefName: String!
    autoMergeRequest: AutoMergeRequest
    isInMergeQueue: Boolean!
    mergeQueueEntry: MergeQueueEntry
    commits(first: Int, last: Int, after: String): PullRequestCommitConnection!
  }
  type PullRequestConnection { totalCount: Int! nodes: [PullRequest] pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type PullRequestCommitConnection { totalCount: Int! nodes: [PullRequestCommit] pageInfo: PageInfo! }
  type PullRequestCommit { commit: Commit! }
  type Commit implements Node {
    id: ID!
    oid: GitObjectID!
    message: String!
    authors(first: Int, after: String): GitActorConnection!
  }
  type GitActorConnection { totalCount: Int! nodes: [GitActor] pageInfo: PageInfo! }
  type GitActor { name: String email: String user: User }

  type Mutation {
    markPullRequestReadyForReview(input: PullRequestInput!): PullRequestPayload
    convertPullRequestToDraft(input: PullRequestInput!): PullRequestPayload
    enablePullRequestAutoMerge(input: EnableAutoMergeInput!): PullRequestPayload
    disablePullRequestAutoMerge(input: PullRequestInput!): PullRequestPayload
    enqueuePullRequest(input: EnqueueInput!): EnqueuePayload
    dequeuePullRequest(input: DequeueInput!): EnqueuePayload
  }
  input PullRequestInput { pullRequestId: ID! clientMutationId: String }
  input EnableAutoMergeInput {
    pullRequestId: ID!
    mergeMethod: PullRequestMergeMethod = MERGE
    commitHeadline: String
    commitBody: String
    expectedHeadOid: GitObjectID
    clientMutationId: String
  }
  input EnqueueInput { pullRequestId: ID! jump: Boolean expectedHeadOid: GitObjectID clientMutationId: String }
  input DequeueInput { id: ID! clientMutationId: String }
  type PullRequestPayload { pullRequest: PullRequest clientMutationId: String }
  type EnqueuePayload { mergeQueueEntry: MergeQueueEntry clientMutationId: String }
`)
