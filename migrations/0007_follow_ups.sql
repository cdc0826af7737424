-- Every verdict that stood on an open pull request, from when it stood: what was known when somebody merged is judged by
-- it, since the latest verdict is overwritten by the evaluation after the merge. Written by a trigger, so that no way of
-- changing a verdict can forget it. One that was closed, or offered to a branch that is not covered, has none that passed
-- until it is judged again.
CREATE TABLE release_gate.verdict_history (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  generation bigint NOT NULL,
  head_sha text NOT NULL,
  base_ref text NOT NULL,
  state text NOT NULL CHECK (state IN ('passed', 'waiting', 'failed')),
  digest text NOT NULL,
  report json NOT NULL,
  snapshot json NOT NULL,
  policy json,
  source json,
  PRIMARY KEY (installation_id, repository_id, number, since, generation, digest)
);

CREATE FUNCTION release_gate.keep_verdict() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  last release_gate.verdict_history;
  standing text := CASE WHEN NEW.counts THEN NEW.state ELSE 'waiting' END;
BEGIN
  SELECT * INTO last FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
    ORDER BY since DESC, generation DESC LIMIT 1;
  -- What was known at a merge stays what was known. Looked for in the text, since Postgres reads nothing of json that holds
  -- \u0000, which a title may; in a title the quotes would be escaped.
  IF NOT NEW.counts AND (NOT FOUND OR NEW.snapshot::text LIKE '%"state":"merged"%') THEN
    RETURN NULL;
  END IF;
  -- The same verdict on facts that were read again: what it is founded on is newer, and it stands as long as before.
  IF last.digest = NEW.digest AND last.head_sha = NEW.head_sha AND last.base_ref = NEW.base_ref AND last.state = standing THEN
    UPDATE release_gate.verdict_history SET snapshot = NEW.snapshot
      WHERE installation_id = last.installation_id AND repository_id = last.repository_id AND number = last.number
        AND since = last.since AND generation = last.generation AND digest = last.digest;
    RETURN NULL;
  END IF;
  INSERT INTO release_gate.verdict_history
      (installation_id, repository_id, number, since, generation, head_sha, base_ref, state, digest, report, snapshot, policy,
       source)
    VALUES (NEW.installation_id, NEW.repository_id, NEW.number, NEW.decided_at, NEW.generation, NEW.head_sha, NEW.base_ref,
            standing, NEW.digest, NEW.report, NEW.snapshot, NEW.policy, NEW.source)
    ON CONFLICT DO NOTHING;
  -- GitHub delivers again for three days; the verdict before these stands at their beginning and stays.
  DELETE FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
      AND since < last.since AND since < NEW.decided_at - interval '7 days';
  RETURN NULL;
END
$$;

CREATE TRIGGER verdicts_kept AFTER INSERT OR UPDATE OF state, digest, snapshot ON release_gate.verdicts
  FOR EACH ROW EXECUTE FUNCTION release_gate.keep_verdict();

-- Whether the author of a pull request may write: others' pull requests have no say beside those of authors who may.
ALTER TABLE release_gate.verdicts ADD COLUMN writer boolean NOT NULL DEFAULT false;

-- The verdicts that have a say in the check of their commit; `withSay` in src/decision/say.ts says the same, with the reasons.
CREATE VIEW release_gate.speaking WITH (security_invoker = true) AS
  SELECT v.* FROM release_gate.verdicts v
  WHERE v.counts AND (v.writer OR NOT EXISTS (
    SELECT 1 FROM release_gate.verdicts o
    WHERE o.installation_id = v.installation_id AND o.repository_id = v.repository_id AND o.head_sha = v.head_sha
      AND o.base_ref = v.base_ref AND o.counts AND o.number <> v.number
      AND (o.writer
        OR (array_position(ARRAY['passed', 'waiting', 'failed'], o.state), o.number)
         < (array_position(ARRAY['passed', 'waiting', 'failed'], v.state), v.number))
  ));

-- What reached a covered branch, once each, and what is still to be done about it. `key` is `#12` for a pull request and
-- the commit with the branch for a push. What is to be said is written with the record, so that a job that runs again says the
-- same.
CREATE TABLE release_gate.landings (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  key text NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  number integer,
  head_sha text,
  landed_at timestamp(3) with time zone NOT NULL,
  record_seq integer NOT NULL,
  exception boolean NOT NULL,
  urgent boolean NOT NULL,
  -- The review that is owed: the issue's title, body and labels, and null where none is.
  review json,
  due_at timestamp(3) with time zone,
  issue_number integer,
  issue_url text,
  issue_closed_at timestamp(3) with time zone,
  notice json NOT NULL,
  notified boolean NOT NULL DEFAULT false,
  announced boolean NOT NULL DEFAULT false,
  PRIMARY KEY (installation_id, repository_id, key)
);

CREATE INDEX landings_owed ON release_gate.landings (installation_id, repository_id)
  WHERE review IS NOT NULL AND issue_closed_at IS NULL;

-- Merge groups that GitHub has asked about and that it has neither merged nor given up.
CREATE TABLE release_gate.merge_groups (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  head_sha text NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  head_ref text NOT NULL,
  base_ref text NOT NULL,
  state text NOT NULL CHECK (state IN ('passed', 'failed')),
  -- The facts and policies by which its pull requests were judged, so that it can be judged again without reading.
  members json NOT NULL,
  -- Taken before they were read: a verdict on one of them with a higher one is newer.
  generation bigint NOT NULL,
  PRIMARY KEY (installation_id, repository_id, head_sha)
);

ALTER TABLE release_gate.verdict_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.landings ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.merge_groups ENABLE ROW LEVEL SECURITY;
