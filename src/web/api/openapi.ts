// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

import type { JsonObject } from '../../lib/json.ts';
import { permissionTitles } from '../../people/permissions.ts';
import { searchFields } from '../../search/search-fields.ts';
import { type ApiEndpoint, type ApiParameter, endpointUrl } from './api-endpoint.ts';
import { apiEndpoints } from './endpoints.ts';

/** The OpenAPI 3.1 document of the whole API, made from the declarations that validate requests. */
export function openApiDocument(version: string): JsonObject {
  const paths: JsonObject = {};
  for (const endpoint of apiEndpoints.values()) {
    const operations: JsonObject = {};
    for (const method of endpoint.methods) operations[method.toLowerCase()] = operation(endpoint, method);
    paths[endpointUrl(endpoint)] = operations;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Salvage', version, license: { name: 'MPL-2.0', identifier: 'MPL-2.0' } },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'Auth-Token' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: { Error: errorSchema },
    },
    security: [{}, { token: [] }, { bearer: [] }],
  };
}

const errorSchema: JsonObject = {
  type: 'object',
  required: ['error', 'error_slug'],
  properties: { error: { type: 'string' }, error_slug: { type: 'string' }, errors: { type: 'object' } },
};

function operation(endpoint: ApiEndpoint, method: 'GET' | 'POST'): JsonObject {
  const needs = endpoint.needs.map((permission) => permissionTitles[permission]).join(', ');
  const answers: JsonObject = {
    200: {
      description: 'The answer.',
      content: { [endpoint.answerType ?? 'application/json']: { schema: endpoint.answer } },
    },
  };
  if (endpoint.name === 'RawCrash' || endpoint.name === 'crash_data')
    (answers['200'] as JsonObject)['content'] = {
      'application/json': { schema: endpoint.answer },
      'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
    };
  if (endpoint.name === 'crash_data' || endpoint.mayBePending)
    answers['202'] = {
      description: 'The crash is being processed; ask again.',
      content: { 'application/json': { schema: { type: 'object' } } },
    };
  for (const [status, text] of [
    ['400', 'A parameter cannot be used.'],
    ['403', 'The reader may not do this.'],
    ['404', 'There is nothing of that id.'],
    ['415', 'The body has another media type.'],
    ['429', 'Too many requests; see Retry-After.'],
    ['503', 'A back end is away; see Retry-After.'],
  ])
    answers[status as string] = {
      description: text as string,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  return {
    operationId: `${method.toLowerCase()}${endpoint.name.replace(/\W+/g, '_')}`,
    summary: endpoint.summary,
    description: needs === '' ? 'Open to everybody.' : `Needs: ${needs}.`,
    ...(method === 'GET' ? { parameters: queryParameters(endpoint) } : { requestBody: requestBody(endpoint) }),
    responses: answers,
  };
}

function schemaOf(parameter: ApiParameter): JsonObject {
  if (parameter.kind === 'list') return { type: 'array', items: { type: 'string' } };
  if (parameter.kind === 'integer') return { type: 'integer' };
  return parameter.choices ? { type: 'string', enum: [...parameter.choices] } : { type: 'string' };
}

function queryParameters(endpoint: ApiEndpoint): JsonObject[] {
  const own = endpoint.parameters.map(
    (parameter): JsonObject => ({
      name: parameter.name,
      in: parameter.isPath ? 'path' : 'query',
      required: parameter.isRequired,
      description: parameter.description,
      schema: schemaOf(parameter),
    }),
  );
  if (!endpoint.takesSearchFields) return own;
  const ownNames = new Set(endpoint.parameters.map(({ name }) => name));
  const fields = [...searchFields.values()]
    .filter((field) => !ownNames.has(field.name))
    .map(
      (field): JsonObject => ({
        name: field.name,
        in: 'query',
        required: false,
        description: field.description,
        schema: { type: 'array', items: { type: 'string' } },
      }),
    );
  return [...own, ...fields];
}

function requestBody(endpoint: ApiEndpoint): JsonObject {
  if (endpoint.takesJson)
    return {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['jobs'],
            properties: { jobs: { type: 'array', items: { type: 'object' } } },
          },
        },
      },
    };
  const properties: JsonObject = {};
  for (const parameter of endpoint.parameters) properties[parameter.name] = schemaOf(parameter);
  return {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', properties } } },
  };
}
