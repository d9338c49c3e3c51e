// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import { type ApiEndpoint, type ApiParameter, ApiValues } from './api-endpoint.ts';

/** What is wrong with the parameters of a call, in the shape that crash-stats' forms answer. */
export type FormErrors = Readonly<Record<string, readonly string[]>>;

const nullCharacters = 'Null characters are not allowed.';

/** Checks the declared parameters; unknown ones are left out. */
export function validateParameters(
  endpoint: ApiEndpoint,
  parameters: ReadonlyMap<string, readonly string[]>,
): { readonly values: ApiValues } | { readonly errors: FormErrors } {
  const errors: Record<string, string[]> = {};
  const values = new Map<string, readonly string[]>();
  for (const parameter of endpoint.parameters) {
    const given = (parameters.get(parameter.name) ?? []).filter((value) => value !== '');
    const problem = problemOf(parameter, given);
    if (problem) errors[parameter.name] = [problem];
    else values.set(parameter.name, given);
  }
  if (endpoint.takesSearchFields)
    for (const [name, given] of parameters)
      if (given.some((value) => value.includes('\0'))) errors[name.replaceAll('\0', '')] ??= [nullCharacters];
  return Object.keys(errors).length > 0 ? { errors } : { values: new ApiValues(values) };
}

function problemOf(parameter: ApiParameter, given: readonly string[]): string | null {
  if (given.length === 0) return parameter.isRequired ? 'This field is required.' : null;
  if (given.some((value) => value.includes('\0'))) return nullCharacters;
  const last = given.at(-1) as string;
  if (parameter.kind === 'integer' && !/^-?\d{1,15}$/.test(last.trim())) return 'Enter a whole number.';
  if (parameter.kind === 'choice' && !parameter.choices?.includes(last))
    return `Select a valid choice. ${last.slice(0, 100)} is not one of the available choices.`;
  return null;
}
