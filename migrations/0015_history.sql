-- The order in which verdicts were kept. Of one evaluation two may be given in one millisecond, and the same one again after
-- another: by their times alone nobody knows which of them stood.
ALTER TABLE release_gate.verdict_history
  ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY,
  DROP CONSTRAINT verdict_history_pkey,
  ADD PRIMARY KEY (installation_id, repository_id, number, seq);

CREATE OR REPLACE FUNCTION release_gate.keep_verdict() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  last release_gate.verdict_history;
  standing text := CASE WHEN NEW.counts THEN NEW.state ELSE 'waiting' END;
BEGIN
  SELECT * INTO last FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
    ORDER BY since DESC, generation DESC, seq DESC LIMIT 1;
  -- What was known at a merge stays what was known. Looked for in the text, since Postgres reads nothing of json that holds
  -- \u0000, which a title may; in a title the quotes would be escaped.
  IF NOT NEW.counts AND (NOT FOUND OR NEW.snapshot::text LIKE '%"state":"merged"%') THEN
    RETURN NULL;
  END IF;
  -- The same verdict on facts that were read again: what it is founded on is newer, and it stands as long as before.
  IF last.digest = NEW.digest AND last.head_sha = NEW.head_sha AND last.base_ref = NEW.base_ref AND last.state = standing THEN
    UPDATE release_gate.verdict_history SET snapshot = NEW.snapshot
      WHERE installation_id = last.installation_id AND repository_id = last.repository_id AND number = last.number
        AND seq = last.seq;
    RETURN NULL;
  END IF;
  INSERT INTO release_gate.verdict_history
      (installation_id, repository_id, number, since, generation, head_sha, base_ref, state, digest, report, snapshot, policy,
       source)
    VALUES (NEW.installation_id, NEW.repository_id, NEW.number, NEW.decided_at, NEW.generation, NEW.head_sha, NEW.base_ref,
            standing, NEW.digest, NEW.report, NEW.snapshot, NEW.policy, NEW.source);
  -- GitHub delivers again for three days; the verdict before these stands at their beginning and stays.
  DELETE FROM release_gate.verdict_history
    WHERE installation_id = NEW.installation_id AND repository_id = NEW.repository_id AND number = NEW.number
      AND since < last.since AND since < NEW.decided_at - interval '7 days';
  RETURN NULL;
END
$$;

-- After a merge, what had been posted on its head is looked up. In a text of JSON a quote is escaped, so nothing else matches.
CREATE INDEX audit_records_posted
  ON release_gate.audit_records (installation_id, (substring(body FROM '"head":"([0-9a-f]+)"')), seq)
  WHERE kind = 'published';
