"""Alarms: what the hub tells people of its own accord, and goes on telling until somebody knows.

Facts (`hub.alerts.facts`) go through the table of rules (`hub.alerts.rules`,
`hub.alerts.judging`), which finds what is wrong, why it probably is, whom to ring and what to ask.
Each finding leads the life of an alarm (`hub.alerts.life`); what is owed to people becomes messages
(`hub.alerts.telling`), kept in the database until somebody's server has taken them
(`hub.alerts.outbox`, `hub.alerts.sending`). One thread drives all of it (`hub.alerts.watch`).

An incident is about goods and journals and is settled by a ruling; an alarm is about things that
somebody must go and look at. Incidents that cannot wait become alarms as well.
"""
