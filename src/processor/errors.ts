// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

export const processorErrors = declareErrors({
  unknown_ruleset: {
    status: 400,
    meaning: 'No rule set of this name is configured.',
    remedy: 'Use one of the names that the message lists, or configure the rule set.',
  },
  bad_ruleset: {
    meaning: 'The configuration of a rule set cannot be used.',
    remedy: 'Correct the entry that the message names; docs/processing.md shows the forms.',
  },
  poison: {
    meaning: 'This crash was taken too often without coming to an end; it probably ends the processor.',
    remedy: 'Look at its dumps by hand (`salvage stackwalk`), then put it back with `salvage queue replay`.',
  },
  bad_crash_id: {
    status: 400,
    meaning: 'This is not a crash id.',
    remedy: 'A crash id is 36 characters long and ends with a date, YYMMDD.',
  },
  walk_failed: {
    status: 500,
    meaning: 'The stackwalker could not be run at all.',
    remedy: 'See the log; with an external stackwalker, check its path and that it starts.',
  },
  outbox_failed: {
    status: 503,
    meaning: 'A debt to a destination could not be written down.',
    remedy: 'Nothing is lost: the crash goes back to its queue. Check PostgreSQL and the free disk space.',
  },
  bad_versions_file: {
    status: 400,
    meaning: 'A line of the versions file cannot be used.',
    remedy: 'Each line is product, channel, build id and version, as CSV or as a JSON object.',
  },
  bad_service_request: {
    status: 400,
    meaning: 'The request to a processor service cannot be understood.',
    remedy: 'Send a minidump to /v1/stackwalk and JSON to /v1/signature; docs/processing.md shows both.',
  },
  service_forbidden: {
    status: 403,
    meaning: 'The processor services want a bearer token from other machines.',
    remedy: 'Set `processor.serviceToken` and send it as `Authorization: Bearer …`.',
  },
  service_not_found: {
    status: 404,
    meaning: 'There is no such service.',
    remedy: 'The services are POST /v1/stackwalk and POST /v1/signature.',
  },
  service_body_too_large: {
    status: 413,
    meaning: 'The body is larger than the services take.',
    remedy: 'Send the report to the collector instead.',
  },
  bad_reprocess_filter: {
    status: 400,
    meaning: 'The choice of crashes to reprocess cannot be understood.',
    remedy: 'Name crash ids, or give at least one of --signature, --product, --since, --missing-symbols.',
  },
});
