"""An SLA report in the forms in which people and programs take it: tables, JSON, CSV, a page, messages. All of it is pure."""
