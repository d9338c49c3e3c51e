// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

/** What is wrong with a report's body. The slugs are Antenna's reasons: reply, metric tag and dashboards depend on them. */
export const reportErrors = declareErrors({
  malformed_invalid_payload_structure: {
    status: 400,
    meaning: 'The body is not the multipart form that its Content-Type announces, or it is cut off.',
    remedy: 'Check the boundary, the CRLF line ends and the closing delimiter that the client writes.',
  },
  malformed_invalid_json: {
    status: 400,
    meaning: 'The part with JSON annotations is not JSON, or nested or divided beyond the limits.',
    remedy:
      'Check the text that the client writes as `extra`; NaN and Infinity are taken, nothing else beyond RFC 8259.',
  },
  malformed_invalid_json_value: {
    status: 400,
    meaning: 'The JSON annotations are not an object.',
    remedy: 'Send one object whose keys are annotation names.',
  },
  malformed_invalid_dump_name: {
    status: 400,
    meaning: 'A dump has a name that storage needs for itself: `raw_crash`, `dump_names` or `processed_crash`.',
    remedy: 'Give the file part another name; the minidump is `upload_file_minidump`.',
  },
  malformed_no_annotations: {
    status: 400,
    meaning: 'The report carries no annotation at all.',
    remedy: 'Send at least ProductName and Version as fields or as JSON.',
  },
});
