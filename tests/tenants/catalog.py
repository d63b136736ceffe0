"""Questions to PostgreSQL's own catalog. Each answers with what is wrong; nothing is the right answer."""

from collections.abc import Mapping

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from tenants.walls import POLICY

CONDITION = "(organization_id = (current_setting('app.organization'::text))::bigint)"
"""The policy as PostgreSQL prints it back."""

_TABLES = """
    WITH tables AS (
        SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnum AS organization, a.attnotnull
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    ),
    inside AS (SELECT * FROM tables WHERE relname <> ALL(%(outside)s))
"""

QUESTIONS: Mapping[str, str] = {
    "tables outside the walls that the settings do not name": """
        SELECT relname FROM inside t WHERE organization IS NULL""",
    "tables whose row-level security is not enabled and forced": """
        SELECT relname FROM inside t WHERE NOT (relrowsecurity AND relforcerowsecurity)""",
    "tables whose policy is not exactly the wall": """
        SELECT relname FROM inside t WHERE (
            SELECT count(*) FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = relname
        ) <> 1 OR NOT EXISTS (
            SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = relname
            AND p.policyname = %(policy)s AND p.cmd = 'ALL' AND p.permissive = 'PERMISSIVE'
            AND p.roles = ARRAY['public']::name[] AND p.qual = %(condition)s AND p.with_check = %(condition)s
        )""",
    "tables in which a row may belong to nobody": """
        SELECT relname FROM inside t WHERE NOT attnotnull""",
    "keys between tenant tables, or to a membership, without the organization": """
        SELECT k.conname FROM pg_constraint k JOIN inside f ON f.oid = k.conrelid JOIN tables t
        ON t.oid = k.confrelid
        WHERE k.contype = 'f' AND t.organization IS NOT NULL
        AND NOT (k.convalidated AND k.conkey[1] = f.organization AND k.confkey[1] = t.organization
                 AND array_length(k.conkey, 1) = 2)""",
    "unique keys that do not begin with the organization": """
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN inside t ON t.oid = i.indrelid
        WHERE i.indisunique AND NOT i.indisprimary AND i.indkey[0] <> t.organization""",
    "views, whose owner's rights would bypass the policies": """
        SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace""",
    "functions that run with their owner's rights": """
        SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
        AND NOT (proname = ANY(%(writers)s) AND pronargs = 0 AND prorettype = 'trigger'::regtype
                 AND proconfig IS NOT DISTINCT FROM ARRAY['search_path=pg_catalog, public, pg_temp'])""",
    "strength the runtime role must not have": """
        SELECT rolname FROM pg_roles r WHERE rolname = %(runtime)s AND (
            rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
            OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid)
            OR EXISTS (SELECT FROM pg_roles o WHERE o.oid <> r.oid AND (o.rolsuper OR o.rolbypassrls)
                       AND pg_has_role(r.oid, o.oid, 'MEMBER'))
            OR has_schema_privilege(r.oid, 'public', 'CREATE'))""",
    "privileges the runtime role must not have": """
        SELECT relname || ': ' || privilege FROM tables t,
            unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
        WHERE has_table_privilege(%(runtime)s, t.oid, privilege)
        UNION SELECT relname || ': written' FROM tables t WHERE relname = ANY(%(derived)s) AND (
            has_any_column_privilege(%(runtime)s, t.oid, 'INSERT, UPDATE')
            OR has_table_privilege(%(runtime)s, t.oid, 'DELETE'))""",
    "a log that can be rewritten or emptied": """
        SELECT log || ': ' || guard
        FROM unnest(ARRAY['tenants_auditevent', 'funnel_change', 'funnel_withdrawnchange', 'funnel_leadevent']) log,
            unnest(ARRAY['append_only', 'never_emptied']) guard
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = log::regclass AND tgname = guard
                          AND tgenabled IN ('O', 'A'))""",
}


def wrong(connection: BaseDatabaseWrapper, question: str, *, runtime: str = "") -> list[str]:
    """Ask one question and return the offenders.

    :param runtime: the role to judge, if not the runtime role of the settings.
    """
    values: dict[str, str | list[str]] = {
        "outside": sorted(settings.TABLES_OUTSIDE_THE_WALLS),
        "policy": POLICY,
        "condition": CONDITION,
        "derived": sorted(settings.WRITTEN_BY_THE_DATABASE),
        "writers": sorted(settings.WRITTEN_BY_THE_DATABASE.values()),
        "runtime": runtime or str(settings.DATABASES["default"]["USER"]),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TABLES + QUESTIONS[question], values)
        return [str(name) for (name,) in cursor.fetchall()]
