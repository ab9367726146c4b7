// What is refused before a database is asked, on each database.
import '../admin-clients/400.test.ts';
import '../admin-roles/400.test.ts';
import '../admin-users/400.test.ts';
import '../api-keys/400.test.ts';
import '../audit/400.test.ts';
import '../http/405.test.ts';
import '../login/400.test.ts';
import '../logout/400.test.ts';
import '../me/400.test.ts';
import '../me/password/400.test.ts';
import '../oauth/token/400.test.ts';
import '../refresh/400.test.ts';
import '../signup/400.test.ts';
import '../signup/413.test.ts';
import '../signup/415.test.ts';
