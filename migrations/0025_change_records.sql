-- The records of one pull request are shown on its page. In a text of JSON a quote is escaped, so nothing else matches, and the keys of
-- canonical JSON are in order: the first "pull" is the one that the record is about.
CREATE INDEX audit_records_change
  ON release_gate.audit_records (installation_id, (substring(body FROM '"pull":\{"installationId":[0-9]+,"number":([0-9]+),')), seq)
  WHERE kind IN ('decided', 'regression', 'unverified');
