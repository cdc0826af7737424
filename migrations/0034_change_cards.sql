-- The one message of each change, as it reads now. `asked_at`: when it was first to be told; `shown`: what the message says; `moves` and
-- `answered`: how often it was changed since it was posted, and up to which change its thread says so. `after`: what happened after the
-- merge. Without `ts` no message stands: it was told in a list with others, at `listed_at`, or not yet.
CREATE TABLE release_gate.change_cards (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  asked_at timestamp(3) with time zone NOT NULL,
  channel text,
  ts text,
  posted_at timestamp(3) with time zone,
  shown text,
  moves integer NOT NULL DEFAULT 0,
  answered integer NOT NULL DEFAULT 0,
  listed_at timestamp(3) with time zone,
  after jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (installation_id, repository_id, number),
  CHECK ((channel IS NULL) = (ts IS NULL))
);

ALTER TABLE release_gate.change_cards ENABLE ROW LEVEL SECURITY;

-- Messages that were sent and of which it is not known whether Slack has taken them: Slack has no idempotency key, so they are searched
-- for before they are sent again.
CREATE TABLE release_gate.notice_attempts (
  key text PRIMARY KEY,
  began_at timestamp(3) with time zone NOT NULL
);

ALTER TABLE release_gate.notice_attempts ENABLE ROW LEVEL SECURITY;

-- Notices that are enqueued once, whoever finds that they are due.
CREATE TABLE release_gate.notice_requests (
  key text PRIMARY KEY,
  requested_at timestamp(3) with time zone NOT NULL
);

ALTER TABLE release_gate.notice_requests ENABLE ROW LEVEL SECURITY;
