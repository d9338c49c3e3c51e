-- This Source Code Form is subject to the terms of the Mozilla Public
-- License, v. 2.0. If a copy of the MPL was not distributed with this
-- file, You can obtain one at https://mozilla.org/MPL/2.0/.

-- The other reports of a client, which every report page shows to those who may see them.
create index reports_client on reports (client_id, date_processed) where client_id is not null;
