"""Where the chart receives notifications: off unless it is asked for."""

import pytest

from dev.cluster import Cluster, CommandError
from tests.crdgen.test_chart import FULL, MINIMAL, named, rendered


def test_the_receiver_has_a_port_a_secret_and_a_service(cluster: Cluster) -> None:
    made = rendered(cluster, values=FULL)
    pod = named(made, "Deployment")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert {"--notifications=0.0.0.0:9000", "--notifications-secret=told"} <= set(container["args"])
    assert {"name": "notifications", "containerPort": 9000} in container["ports"]
    service = named(made, "Service")
    assert service["metadata"]["annotations"] == {"e": "f"}
    assert (service["spec"]["type"], service["spec"]["ports"][0]["port"]) == ("LoadBalancer", 9000)
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def test_it_is_off_unless_it_is_asked_for(cluster: Cluster) -> None:
    made = rendered(cluster, *MINIMAL)
    assert "Service" not in {m["kind"] for m in made}
    container = named(made, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert not [a for a in container["args"] if "notifications" in a]
    assert [p["name"] for p in container["ports"]] == ["http"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ("notifications: {enabled: true, port: 8080}", "are the same; choose another notifications.port"),
        ("notifications: {service: {type: External}}", "type"),
        ("notifications: {enable: true}", "enable"),
    ],
)
def test_wrong_values_of_it_are_refused(cluster: Cluster, values: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        rendered(cluster, *MINIMAL, values=values)
