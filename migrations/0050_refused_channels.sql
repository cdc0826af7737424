-- What Slack says where it takes no message for a channel, since when, and when it last said so. `refused_as`: the channel as the policy
-- names it. All null where it took the last one.
ALTER TABLE release_gate.notice_channels
  ADD COLUMN refused_as text,
  ADD COLUMN refused_why text,
  ADD COLUMN refused_since timestamp(3) with time zone,
  ADD COLUMN refused_at timestamp(3) with time zone;
