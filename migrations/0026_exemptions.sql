-- Pull requests that freezes do not apply to: ordered by one person, confirmed by another one, for one head. Those that have ended stay,
-- since a merge is looked at after it happened.
CREATE TABLE release_gate.exemptions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  head_sha text NOT NULL,
  reason text NOT NULL,
  ordered_by text NOT NULL,
  ordered_by_id bigint NOT NULL,
  ordered_at timestamp(3) with time zone NOT NULL,
  until timestamp(3) with time zone NOT NULL,
  confirmed_by text,
  confirmed_by_id bigint,
  confirmed_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
  CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL) AND (confirmed_by_id IS NULL) = (confirmed_at IS NULL)),
  CHECK (confirmed_by_id <> ordered_by_id)
);

CREATE UNIQUE INDEX exemptions_one ON release_gate.exemptions (installation_id, repository_id, number) WHERE ended_at IS NULL;

ALTER TABLE release_gate.exemptions ENABLE ROW LEVEL SECURITY;
