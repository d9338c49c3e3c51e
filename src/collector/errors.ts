// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { declareErrors } from '../lib/errors.ts';

/**
 * Why the collector does not take a report. `malformed_*` slugs without their first word are Antenna's reasons: in the
 * reply (`Discarded=malformed_<reason>`) and in the tag of the metric `malformed`. Those of the body are in crash/errors.ts.
 */
export const collectorErrors = declareErrors({
  malformed_no_content_type: {
    status: 400,
    meaning: 'The request has no Content-Type.',
    remedy: 'Send `multipart/form-data; boundary=…`.',
  },
  malformed_wrong_content_type: {
    status: 400,
    meaning: 'The Content-Type is neither multipart/form-data nor multipart/mixed.',
    remedy: 'Send `multipart/form-data; boundary=…`, in lower case.',
  },
  malformed_no_boundary: {
    status: 400,
    meaning: 'The Content-Type names no boundary.',
    remedy: 'Send `multipart/form-data; boundary=…` with the boundary that the body uses.',
  },
  malformed_no_content_length: {
    status: 400,
    meaning: 'The request has neither a Content-Length above 0 nor a chunked body.',
    remedy: 'Send a body, with its length or chunked.',
  },
  malformed_bad_gzip: {
    status: 400,
    meaning: 'The body is announced as gzip and is not, or is damaged or cut off.',
    remedy: 'Check what the client compresses, and proxies that decompress without removing Content-Encoding.',
  },
  malformed_invalid_uuid: {
    status: 400,
    meaning: 'The report brings a crash id of its own (`uuid`) that is not one.',
    remedy: 'Send an id in the shape of a crash id with throttle digit 0 or 1 and a real date, or none.',
  },
  unauthorized_uuid: {
    status: 401,
    meaning: 'The report brings a crash id of its own (`uuid`) without the bearer token that allows it.',
    remedy: 'Configure `collector.bearerToken` here and send `Authorization: Bearer …`, or send no `uuid`.',
  },
  invalid_boundary: {
    status: 400,
    meaning: 'The boundary is empty or longer than 70 characters.',
    remedy: 'Use a boundary as RFC 2046 §5.1.1 has it.',
  },
  payload_too_large: {
    status: 413,
    meaning: 'The body is larger than this collector takes, as received or decompressed.',
    remedy: 'Raise `collector.bodySizeBytesMax` or `collector.decodedSizeBytesMax`, or have the client send less.',
  },
  intake_busy: {
    status: 503,
    meaning: 'Too many reports are being received at the same time.',
    remedy: 'The client keeps its report. Add collectors, or raise `collector.inFlightMax`; see who sends so slowly.',
  },
  client_too_slow: {
    status: 408,
    meaning: 'The client stopped sending its report, or sent it for too long.',
    remedy: 'The client sends it again. Behind a proxy, let the proxy buffer slow uploads.',
  },
  client_gone: {
    meaning: 'The connection ended before the report was complete; nothing was stored.',
    remedy: 'The client keeps its report. Many of these point at a proxy with a timeout below the upload time.',
  },
  bad_throttle_rules: {
    meaning: 'The rule set named in `collector.throttler` cannot be used.',
    remedy: 'The message names the file and the place; docs/throttling.md shows both forms.',
  },
});
