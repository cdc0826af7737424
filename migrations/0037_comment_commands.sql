-- Commands in comments of pull requests: each comment is acted on once. Those that put a label on keep the event by which the App added it,
-- which is what makes that label count as the person's.
CREATE TABLE release_gate.comment_commands (
  repository_id bigint NOT NULL,
  comment_id bigint NOT NULL,
  installation_id bigint NOT NULL,
  number integer NOT NULL,
  command text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'unclear')),
  answer text,
  person_id bigint NOT NULL,
  person_login text NOT NULL,
  outsider boolean NOT NULL,
  commented_at timestamp(3) with time zone NOT NULL,
  decided_at timestamp(3) with time zone NOT NULL,
  answered_at timestamp(3) with time zone,
  label_event_id bigint,
  reason text,
  PRIMARY KEY (repository_id, comment_id)
);

CREATE INDEX comment_commands_pull ON release_gate.comment_commands (repository_id, number, decided_at);

ALTER TABLE release_gate.comment_commands ENABLE ROW LEVEL SECURITY;
