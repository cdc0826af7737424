-- Commands in comments are shown on the page of their pull request. They are few, so their index is small.
CREATE INDEX audit_records_comment_command
  ON release_gate.audit_records (installation_id, (substring(body FROM '"pull":\{"installationId":[0-9]+,"number":([0-9]+),')), seq)
  WHERE kind = 'comment command';
