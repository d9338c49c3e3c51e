// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// A claim link opened in a browser signs in at once; a program that only previews links runs no script.
document.querySelector<HTMLFormElement>('form[action="/claim"]')?.requestSubmit();
