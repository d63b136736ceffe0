"""Alerts: opened and cleared by what stands on the opportunities, told to owners, and climbing the ladder."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.urls import reverse

from forecasting.ladder import RETURNS_WITHIN, UNSAID_WITHIN
from forecasting.models import HealthSetting, rungs_of
from jobs.actions import TELL_FOUND, Notice, amend, notify_all, unsay
from tenants.models import Organization
from tenants.scoping import working_for

NAMED = 3
"""So many opportunities are named in a notification."""
LISTED = 10
"""So many are listed in the mail of the day."""

FLAGGED = "opportunities_flagged"
_FOUND = f"""
    found AS (
        SELECT o.owner_id AS to_id, 'alerts:' || max(a.id) AS unique_key, jsonb_build_object(
            'count', count(DISTINCT o.id), 'names', (array_agg(DISTINCT o.name))[1:{NAMED}],
            'opportunities', (array_agg(DISTINCT o.id))[1:{LISTED}]) AS data
        FROM opened a JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = a.opportunity_id
        WHERE a.told_at IS NOT NULL
        GROUP BY o.owner_id
    )
"""  # noqa: S608  # numbers of our own
"""What each owner is told in one line, of alerts that are `opened`."""


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


_QUIET = """
    EXISTS (SELECT 1 FROM forecasting_mute m, tenants_organization z
            WHERE m.organization_id = %(org)s AND m.opportunity_id = a.opportunity_id AND m.code = a.code
            AND m.ended_at IS NULL AND z.id = %(org)s
            AND m.until >= (%(at)s::timestamptz AT TIME ZONE z.time_zone)::date)
"""
_FIRST = """
    over AS MATERIALIZED (
        SELECT a.id, a.opportunity_id, v.seen FROM forecasting_alert a LEFT JOIN verdicts v ON v.id = a.opportunity_id
        WHERE a.organization_id = %(org)s AND a.cleared_at IS NULL {some}
            AND (v.id IS NULL OR NOT a.code = ANY(v.flags))
    ), fresh AS MATERIALIZED (
        SELECT v.id AS opportunity_id, v.seen, f.code FROM verdicts v CROSS JOIN LATERAL unnest(v.flags) AS f(code)
        WHERE NOT EXISTS (SELECT 1 FROM forecasting_alert a WHERE a.organization_id = %(org)s
                          AND a.opportunity_id = v.id AND a.code = f.code AND a.cleared_at IS NULL)
    ), back AS MATERIALIZED (
        SELECT DISTINCT ON (a.opportunity_id, a.code) a.id, a.opportunity_id, a.code, a.told_at, f.seen
        FROM fresh f JOIN forecasting_alert a ON a.organization_id = %(org)s AND a.opportunity_id = f.opportunity_id
            AND a.code = f.code
        WHERE a.cleared_at > %(at)s::timestamptz - INTERVAL '{returns}' {some}
        ORDER BY a.opportunity_id, a.code, a.cleared_at DESC, a.id DESC
    ), touched AS (SELECT opportunity_id AS id FROM over UNION SELECT opportunity_id FROM fresh),
""".replace("{returns}", _seconds(RETURNS_WITHIN))
FIRST_SOME = _FIRST.replace("{some}", "AND a.opportunity_id = ANY(%(some)s)")
FIRST_ALL = _FIRST.replace("{some}", "")
"""Alerts that are over or fresh: their opportunities are locked before any is written, and passed over where somebody
changed them since the verdict (`seen`; NULL of what is closed). `back` are those that stood a short time ago for what
is fresh now.
"""
_KEEP = """
    , cleared AS (
        UPDATE forecasting_alert a SET cleared_at = %(at)s
        FROM over JOIN kept ON kept.id = over.opportunity_id AND (over.seen IS NULL OR over.seen = kept.seen)
        WHERE a.organization_id = %(org)s AND a.id = over.id AND a.cleared_at IS NULL
        RETURNING a.told_at > %(at)s::timestamptz - INTERVAL '{unsaid}' AS just_told
    ), again AS (
        UPDATE forecasting_alert a
        SET cleared_at = NULL, told_at = COALESCE(a.told_at, CASE WHEN {told} THEN %(at)s::timestamptz END)
        FROM back b JOIN kept ON kept.id = b.opportunity_id AND kept.seen = b.seen
            JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = b.opportunity_id
        WHERE a.organization_id = %(org)s AND a.id = b.id AND a.cleared_at IS NOT NULL
        RETURNING a.id, a.opportunity_id, a.told_at, b.told_at IS NOT NULL AS was_told
    ), anew AS (
        INSERT INTO forecasting_alert (organization_id, opportunity_id, code, since, step, told_at)
        SELECT %(org)s, a.opportunity_id, a.code, %(at)s, 0, CASE WHEN {told} THEN %(at)s::timestamptz END
        FROM fresh a JOIN kept ON kept.id = a.opportunity_id AND kept.seen = a.seen
            JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = a.opportunity_id
        WHERE NOT EXISTS (SELECT 1 FROM back b WHERE b.opportunity_id = a.opportunity_id AND b.code = a.code)
        ON CONFLICT DO NOTHING
        RETURNING id, opportunity_id, told_at
    ), opened AS (
        SELECT id, opportunity_id, told_at FROM anew
        UNION ALL SELECT id, opportunity_id, told_at FROM again WHERE NOT was_told
    )
""".replace("{unsaid}", _seconds(UNSAID_WITHIN))
KEEP_SOME = "".join(
    [
        _KEEP.replace("{told}", "o.owner_id = %(by)s::bigint"),
        """
    SELECT n.id, n.health, n.flags, NULL FROM noted n
    UNION ALL SELECT NULL, NULL, NULL, 'untold' WHERE EXISTS (SELECT 1 FROM opened WHERE told_at IS NULL)
    UNION ALL SELECT NULL, NULL, NULL, 'over' WHERE EXISTS (SELECT 1 FROM cleared WHERE just_told)
""",
    ]
)
"""Rows: (id, health, flags, None) of what changed; one (…, 'untold') if an owner is still to be told, and one
(…, 'over') if somebody was told just now of what is over.
"""
KEEP_ALL = "".join(
    [
        _KEEP.replace("{told}", f"NOT {_QUIET}"),
        f", {_FOUND}, bells AS ({TELL_FOUND})",
        "SELECT true WHERE EXISTS (SELECT 1 FROM cleared WHERE just_told)",
    ]
)
"""Tells the owners in the same statement. One row if somebody was told just now of what is over."""
_UNTOLD = f"""
    WITH opened AS (
        UPDATE forecasting_alert a SET told_at = %(at)s
        WHERE a.organization_id = %(org)s AND a.cleared_at IS NULL AND a.told_at IS NULL AND NOT {_QUIET}
        RETURNING a.id, a.opportunity_id, a.told_at
    ), {_FOUND} {TELL_FOUND}
"""  # noqa: S608  # parts of our own
_OVER_UNREAD = """
    WITH over AS MATERIALIZED (
        SELECT DISTINCT o.owner_id, a.told_at
        FROM forecasting_alert a JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = a.opportunity_id
        WHERE a.organization_id = %(org)s AND a.cleared_at IS NOT NULL {some}
            AND a.told_at > %(at)s::timestamptz - INTERVAL '{unsaid}'
    ), standing AS MATERIALIZED (
        SELECT o.owner_id, a.told_at, o.id, o.name
        FROM forecasting_alert a JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = a.opportunity_id
        WHERE a.organization_id = %(org)s AND a.cleared_at IS NULL AND a.told_at IN (SELECT told_at FROM over)
    )
    SELECT n.unique_key, n.to_id, n.at, rest.count, rest.names, rest.ids
    FROM over v JOIN jobs_notification n
        ON n.organization_id = %(org)s AND n.to_id = v.owner_id AND n.at = v.told_at AND n.code = %(code)s
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT s.id) AS count, (array_agg(DISTINCT s.name))[1:%(named)s] AS names,
                (array_agg(DISTINCT s.id))[1:%(listed)s] AS ids
            FROM standing s WHERE s.owner_id = n.to_id AND s.told_at = n.at) rest
    WHERE n.read_at IS NULL AND rest.count < (n.data->>'count')::int
        AND NOT EXISTS (SELECT 1 FROM forecasting_digest d
                        WHERE d.organization_id = %(org)s AND d.to_id = n.to_id AND d.until >= n.at)
    ORDER BY n.id
""".replace("{unsaid}", _seconds(UNSAID_WITHIN))
_FORGET = """
    UPDATE forecasting_alert a SET told_at = NULL
    FROM funnel_opportunity o
    WHERE a.organization_id = %(org)s AND o.organization_id = %(org)s AND o.id = a.opportunity_id
        AND a.told_at = %(told)s AND o.owner_id = %(owner)s
        AND NOT EXISTS (SELECT 1 FROM forecasting_alert s
                        WHERE s.organization_id = %(org)s AND s.opportunity_id = a.opportunity_id
                        AND s.cleared_at IS NULL AND s.told_at = a.told_at)
"""
"""What a bell has told of an opportunity of which nothing of it stands any more."""
_CLIMB = """
    WITH place AS (
        SELECT time_zone AS zone, (%(at)s::timestamptz AT TIME ZONE time_zone)::date AS today
        FROM tenants_organization WHERE id = %(org)s
    ), higher AS (
        SELECT a.id, a.step AS stood, (SELECT count(*) FROM unnest(%(steps)s::int[]) AS s(days)
                                       WHERE p.today - (a.since AT TIME ZONE p.zone)::date >= s.days) AS step
        FROM forecasting_alert a CROSS JOIN place p
        WHERE a.organization_id = %(org)s AND a.cleared_at IS NULL AND a.step < %(last)s
            AND p.today - (a.since AT TIME ZONE p.zone)::date >= (%(steps)s::int[])[a.step + 1]
            AND NOT {quiet}
        FOR NO KEY UPDATE OF a
    ), climbed AS (
        UPDATE forecasting_alert a SET step = h.step, step_at = %(at)s
        FROM higher h WHERE a.organization_id = %(org)s AND a.id = h.id
        RETURNING a.id, a.opportunity_id, h.stood, a.step
    )
    SELECT o.owner_id, c.stood, c.step, max(c.id), array_agg(DISTINCT o.id), (array_agg(DISTINCT o.name))[1:%(named)s]
    FROM climbed c JOIN funnel_opportunity o ON o.organization_id = %(org)s AND o.id = c.opportunity_id
    GROUP BY o.owner_id, c.stood, c.step
""".replace("{quiet}", _QUIET)


def _told(count: int, names: Sequence[str], opportunities: Sequence[int]) -> dict[str, Any]:
    """What a bell tells of opportunities; `_FOUND` says the same."""
    return {"count": count, "names": names[:NAMED], "opportunities": opportunities[:LISTED]}


@transaction.atomic
def tell_untold(organization: Organization, *, at: datetime) -> None:
    """Tell owners of alerts that they have not heard of: others raised them, or a mute has ended. Done twice it tells
    nothing: that they were told is written with the notification, by one statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, telling(organization, at=at))


def telling(organization: Organization, *, at: datetime) -> dict[str, Any]:
    """Return what a statement that tells owners is given."""
    return {"org": organization.pk, "at": at, "code": FLAGGED, "url": _page(organization)}


@transaction.atomic
def take_back(organization: Organization, ids: Collection[int] | None, *, at: datetime) -> None:
    """Take back the bells, told just now of these opportunities (None: of any), of which nothing stands any more; one
    of which a part stands tells of that part alone.

    A bell that was read or mailed stays. Of what is taken back nobody has heard: should it return, it is told.
    """
    asked: dict[str, Any] = {"org": organization.pk, "at": at, "code": FLAGGED, "some": list(ids or ())}
    asked |= {"named": NAMED, "listed": LISTED}
    some = "" if ids is None else "AND a.opportunity_id = ANY(%(some)s)"
    with connection.cursor() as cursor:
        cursor.execute(_OVER_UNREAD.replace("{some}", some), asked)
        for key, owner, told, *rest in cursor.fetchall():
            if amend(key, _told(*rest)) if rest[0] else unsay(key):
                cursor.execute(_FORGET, {"org": organization.pk, "owner": owner, "told": told})


def tell_soon(organization: Organization, at: datetime, *, over: Collection[int] = (), untold: bool = True) -> None:
    """Tell owners as soon as what raised the alerts is committed; should that be cut short, the night makes it good.

    :param over: opportunities of which somebody was told just now what is over.
    :param untold: whether anything is still to be told.
    """

    def send() -> None:
        with working_for(organization):
            if over:
                take_back(organization, over, at=at)
            if untold:
                tell_untold(organization, at=at)

    transaction.on_commit(send, robust=True)


def climb(organization: Organization, *, at: datetime) -> None:
    """Let alerts that stand too long go up the organization's ladder, and tell whom they reach, once.

    What is muted stays where it is. The step is written with the notification in one transaction, so that whatever is
    interrupted happens once, later.
    """
    steps = HealthSetting.current().ladder
    asked: dict[str, Any] = {"org": organization.pk, "at": at, "steps": steps, "last": len(steps), "named": NAMED}
    with connection.cursor() as cursor:
        cursor.execute(_CLIMB, asked)
        climbed = cursor.fetchall()
    if not climbed:
        return
    rungs = rungs_of(organization, {row[0] for row in climbed})
    reached: dict[int, list[tuple[int, list[int], list[str]]]] = defaultdict(list)
    for owner, stood, step, latest, opportunities, names in climbed:
        for rung in rungs[owner][stood:step]:
            for person in rung:
                reached[person].append((latest, opportunities, names))
    url = f"{_page(organization)}?of=team"
    notify_all([_notice(person, parts, url) for person, parts in reached.items()], at=at)


def _notice(person: int, parts: list[tuple[int, list[int], list[str]]], url: str) -> Notice:
    """Tell somebody in one line what has come up to them."""
    opportunities = {pk for _latest, ids, _names in parts for pk in ids}
    names = list(dict.fromkeys(name for _latest, _ids, each in parts for name in each))
    data = _told(len(opportunities), names, sorted(opportunities))
    return Notice(person, "alerts_climbed", f"climbed:{max(part[0] for part in parts)}", data, url)


def _page(organization: Organization) -> str:
    return reverse("forecasting:alerts", args=[organization.slug])
