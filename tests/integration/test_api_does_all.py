"""Whatever a page changes, a machine can change too: both lists, held against each other."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from hub.api.parts import ROUTES
from tests.support.hub_site import HubSite

DECIDE: Final = "decide"
SIGNING_IN: Final = "a machine shows its token instead of signing in"
OWN: Final = "about a person's own browser, password or device: a token has none of these"
LOOKING: Final = "changes nothing: it is a POST so that no code stands in an address"

DONE_BY: Final[Mapping[str, str]] = {
    "accounts.new": "addAccount",
    "accounts.one": "changeAccount",
    "accounts.active": "activateAccount",
    "accounts.password": "drawPassword",
    "accounts.end_sessions": "endSessions",
    "tokens.add": "issueToken",
    "tokens.revoke": "revokeToken",
    "alerts.acknowledge": "acknowledgeAlert",
    "alerts.take_back": "takeAlertBack",
    "alerts.save_rules": "setAlertLimits",
    "alerts.add_channel": "addAlertChannel",
    "alerts.remove_channel": "removeAlertChannel",
    "alerts.test_channel": "testAlertChannel",
    "alerts.save_contact": "setStopContact",
    "stops.add": "addStop",
    "stops.rename": "nameStop",
    "board.acknowledge": "acknowledgeIncident",
    "incidents.settle": "ruleOnIncident",
    "incidents.undo": "takeRulingBack",
    "boxes.pack": DECIDE,
    "kits.build": DECIDE,
    "kits.break_up": DECIDE,
    "kits.add": "makeKit",
    "kits.state": "offerKit",
    "market.set_prices": DECIDE,
    "plans.add": "makePlan",
    "plans.want": "wantForPlan",
    "plans.state": "openPlan",
    "plans.release": DECIDE,
    "recalls.open_one": DECIDE,
    "recalls.close": DECIDE,
    "recalls.set_aside": DECIDE,
    "stock_act.act": DECIDE,
    "stock_act.undo": DECIDE,
    "transfers.save": "setTransfers",
    "counts.save_plan": "planCount",
    "counts.join": "joinCount",
    "counts.leave": "leaveCount",
    "counts.again": "countAgain",
    "counts.identify": "identifyFind",
    "counts.approve": "approveCount",
    "counts.cancel": "cancelCount",
    "counts.restate": "restateCount",
    "phone.act": "scanInCount",
    "donations.upload": "readDonation",
    "donations.receive": "receiveDonation",
    "donations.labelled": "labelDonation",
    "donations.take_back": "takeDonationBack",
    "labels.make": "drawLabels",
    "labels.void": "voidLabel",
    "printing.roll": "printRoll",
    "printing.blanks": "printLabels",
    "printing.goods": "printDonation",
    "printing.cancel": "cancelCommand",
    "doing.do": "commandKiosk",
    "configurations.make": "makeConfiguration",
    "configurations.stage": "stageConfiguration",
    "configurations.halt": "haltConfiguration",
    "releases.upload": "addRelease",
    "releases.remove": "removeRelease",
    "roll_outs.make": "planRollOut",
    "roll_outs.advance": "beginStage",
    "roll_outs.pause": "pauseRollOut",
    "roll_outs.resume": "resumeRollOut",
    "roll_outs.halt": "haltRollOut",
    "roll_outs.back": "goBack",
    "roll_outs.leave_out": "leaveOut",
    "names.save": "putNames",
    "names.remove": "removeName",
    "papers.act": "savePapers",
    "papers.back": "putPapersBack",
    "papers.preview": "seePapers",
    "statements.close": "closeMonth",
    "statements.restate": "restateMonth",
    "bundles.upload": "bringBundle",
    "review.accept": "acceptReview",
    "review.reject": "rejectReview",
    "review.reconsider": "reconsiderReview",
    "ending.retire": "retireKiosk",
    "ending.revoke": "revokeKiosk",
    "wall.add": "addWallLink",
    "wall.remove": "removeWallLink",
    "invitations.make": "inviteKiosk",
    "invitations.confirm": "confirmKiosk",
    "invitations.cancel": "cancelKioskInvitation",
}
"""The route of the API that does what a page's form does. (`phone.act` also decides, by the same
actions as `decide`.)"""

NOT_BY_MACHINE: Final[Mapping[str, str]] = {
    "login.login": SIGNING_IN,
    "login.logout": SIGNING_IN,
    "passkeys.ask": SIGNING_IN,
    "passkeys.sign_in": SIGNING_IN,
    "passkeys.offer": OWN,
    "passkeys.keep": OWN,
    "passkeys.remove": OWN,
    "account.language": OWN,
    "account.password": OWN,
    "account.end_sessions": OWN,
    "public.find": LOOKING,
    "search.find": LOOKING,
}
"""Why a page's form has no route."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(Path(tmp_path_factory.mktemp("hub")))
    yield found
    found.close()


def test_every_form_of_a_page_has_its_route_or_a_reason_why_not(site: HubSite) -> None:
    rules = site.app.url_map.iter_rules()
    forms = {
        rule.endpoint
        for rule in rules
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }
    assert forms - DONE_BY.keys() - NOT_BY_MACHINE.keys() == set(), (
        "name their route, or the reason"
    )
    assert (DONE_BY.keys() | NOT_BY_MACHINE.keys()) - forms == set(), "no such form any more"
    assert not DONE_BY.keys() & NOT_BY_MACHINE.keys()


def test_each_of_these_routes_is_there_and_takes_an_idempotency_key(site: HubSite) -> None:
    document = site.client().get("/api/v1/openapi.json").get_json()
    keyed = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", []))
    }
    assert set(DONE_BY.values()) <= keyed
    assert {route.name for route in ROUTES if route.writes} <= keyed
