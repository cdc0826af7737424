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
    nodes(ids: [ID!]!): [Node]!
    rateLimit: RateLimit
  }
  type RateLimit {
    cost: Int!
    limit: Int!
    nodeCount: Int!
    remaining: Int!
    resetAt: DateTime!
    used: Int!
  }
  enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
  enum OrderDirection { ASC DESC }
  input IssueOrder { field: IssueOrderField! direction: OrderDirection! }
  interface Node { id: ID! }
  interface Actor { login: String! }
  type User implements Node & Actor { id: ID! databaseId: Int login: String! }
  type Repository implements Node {
    id: ID!
    databaseId: Int
    nameWithOwner: String!
    isArchived: Boolean!
    isDisabled: Boolean!
    defaultBranchRef: Ref
    pullRequest(number: Int!): PullRequest
    pullRequests(
      states: [PullRequestState!], orderBy: IssueOrder, first: Int, last: Int, after: String
    ): PullRequestConnection!
    object(expression: String, oid: GitObjectID): GitObject
  }
  type Ref { name: String! }
  type AutoMergeRequest { enabledBy: Actor mergeMethod: PullRequestMergeMethod! }
  type MergeQueueEntry { id: ID! position: Int! }
  type PullRequest implements Node {
    id: ID!
    databaseId: Int
    number: Int!
    title: String!
    isDraft: Boolean!
    updatedAt: DateTime!
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
  interface GitObject { id: ID! oid: GitObjectID! }
  type Blob implements Node & GitObject {
    id: ID!
    oid: GitObjectID!
    byteSize: Int!
    isBinary: Boolean
    isTruncated: Boolean!
    text: String
  }
  type Tree implements Node & GitObject { id: ID! oid: GitObjectID! entries: [TreeEntry!] }
  type TreeEntry { name: String! mode: Int! oid: GitObjectID! size: Int! type: String! }
  type Commit implements Node & GitObject {
    id: ID!
    oid: GitObjectID!
    message: String!
    authors(first: Int, after: String): GitActorConnection!
  }
  type GitActorConnection { totalCount: Int! nodes: [GitActor] pageInfo: PageInfo! }
  type GitActor { name: String email: String user: User }

  type Mutation {
    markPullRequestReadyForReview(input: MarkPullRequestReadyForReviewInput!): MarkPullRequestReadyForReviewPayload
    convertPullRequestToDraft(input: ConvertPullRequestToDraftInput!): ConvertPullRequestToDraftPayload
    enablePullRequestAutoMerge(input: EnablePullRequestAutoMergeInput!): EnablePullRequestAutoMergePayload
    disablePullRequestAutoMerge(input: DisablePullRequestAutoMergeInput!): DisablePullRequestAutoMergePayload
    enqueuePullRequest(input: EnqueuePullRequestInput!): EnqueuePullRequestPayload
    dequeuePullRequest(input: DequeuePullRequestInput!): DequeuePullRequestPayload
  }
  input MarkPullRequestReadyForReviewInput { pullRequestId: ID! clientMutationId: String }
  input ConvertPullRequestToDraftInput { pullRequestId: ID! clientMutationId: String }
  input DisablePullRequestAutoMergeInput { pullRequestId: ID! clientMutationId: String }
  input EnablePullRequestAutoMergeInput {
    pullRequestId: ID!
    mergeMethod: PullRequestMergeMethod = MERGE
    commitHeadline: String
    commitBody: String
    expectedHeadOid: GitObjectID
    clientMutationId: String
  }
  input EnqueuePullRequestInput { pullRequestId: ID! jump: Boolean expectedHeadOid: GitObjectID clientMutationId: String }
  input DequeuePullRequestInput { id: ID! clientMutationId: String }
  type MarkPullRequestReadyForReviewPayload { pullRequest: PullRequest clientMutationId: String }
  type ConvertPullRequestToDraftPayload { pullRequest: PullRequest clientMutationId: String }
  type EnablePullRequestAutoMergePayload { pullRequest: PullRequest clientMutationId: String }
  type DisablePullRequestAutoMergePayload { pullRequest: PullRequest clientMutationId: String }
  type EnqueuePullRequestPayload { mergeQueueEntry: MergeQueueEntry clientMutationId: String }
  type DequeuePullRequestPayload { mergeQueueEntry: MergeQueueEntry clientMutationId: String }
`)
