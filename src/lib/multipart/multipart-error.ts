// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

/** A body that is not the multipart form it claims to be; the message is Antenna's text where it has one. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}
