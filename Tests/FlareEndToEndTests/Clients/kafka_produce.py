"""Produces COUNT records to a topic with a public Kafka client and waits until every one is acknowledged.

python kafka_produce.py HOST:PORT TOPIC CLIENT CODEC COUNT FIRST [--tls CAFILE] [--password TOKEN]

CLIENT is kafka-python or confluent, CODEC none, gzip, snappy, lz4 or zstd. The records have the ids
CLIENT-CODEC-FIRST and the COUNT - 1 after it. The producer is idempotent and tries again for as long as it takes, so
that a broker that is killed and started again neither loses nor doubles a record. Exits 0 only when every record is
acknowledged.
"""

import argparse
import json
import sys


def record(arguments, number):
    return json.dumps(
        {
            "id": f"{arguments.client}-{arguments.codec}-{number}",
            "client": arguments.client,
            "codec": arguments.codec,
            "n": number,
            "text": "an order of some length, so that a codec finds something to do",
        }
    ).encode()


def produce_kafka_python(arguments, numbers):
    from kafka import KafkaProducer

    security = {}
    if arguments.tls:
        security["ssl_cafile"] = arguments.tls
    if arguments.password:
        security |= {
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "flare",
            "sasl_plain_password": arguments.password,
        }
    if security:
        names = {(True, False): "SSL", (True, True): "SASL_SSL", (False, True): "SASL_PLAINTEXT"}
        security["security_protocol"] = names[bool(arguments.tls), bool(arguments.password)]
    producer = KafkaProducer(
        bootstrap_servers=arguments.address,
        compression_type=None if arguments.codec == "none" else arguments.codec,
        enable_idempotence=True,
        acks="all",
        bootstrap_timeout_ms=arguments.seconds * 1000,
        max_block_ms=arguments.seconds * 1000,
        request_timeout_ms=min(10, arguments.seconds) * 1000,
        delivery_timeout_ms=arguments.seconds * 1000 + 100,
        reconnect_backoff_max_ms=500,
        linger_ms=5,
        **security,
    )
    futures = [
        producer.send(arguments.topic, record(arguments, number), key=str(number).encode(), headers=[("n", b"1")])
        for number in numbers
    ]
    producer.flush(arguments.seconds)
    failures = [future.exception or "no answer" for future in futures if not future.succeeded()]
    producer.close(5)
    return failures


def produce_confluent(arguments, numbers):
    from confluent_kafka import Producer

    options = {
        "bootstrap.servers": arguments.address,
        "compression.type": arguments.codec,
        "enable.idempotence": True,
        "message.timeout.ms": arguments.seconds * 1000,
        "reconnect.backoff.max.ms": 500,
        "linger.ms": 5,
    }
    if arguments.tls:
        options |= {"security.protocol": "ssl", "ssl.ca.location": arguments.tls}
    if arguments.password:
        options |= {
            "security.protocol": "sasl_ssl" if arguments.tls else "sasl_plaintext",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "flare",
            "sasl.password": arguments.password,
        }
    producer = Producer(options)
    failures = []

    def delivered(error, _):
        if error is not None:
            failures.append(error)

    for number in numbers:
        while True:
            try:
                producer.produce(
                    arguments.topic,
                    record(arguments, number),
                    key=str(number),
                    headers=[("n", b"1")],
                    on_delivery=delivered,
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(arguments.seconds + 5)
    return failures + ["no answer"] * left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("topic")
    parser.add_argument("client", choices=["kafka-python", "confluent"])
    parser.add_argument("codec", choices=["none", "gzip", "snappy", "lz4", "zstd"])
    parser.add_argument("count", type=int)
    parser.add_argument("first", type=int)
    parser.add_argument("--tls", metavar="CAFILE")
    parser.add_argument("--password", metavar="TOKEN")
    parser.add_argument("--seconds", type=int, default=120, help="when to give up")
    arguments = parser.parse_args()
    produce = produce_kafka_python if arguments.client == "kafka-python" else produce_confluent
    failures = produce(arguments, range(arguments.first, arguments.first + arguments.count))
    for failure in failures[:5]:
        sys.stderr.write(f"{failure}\n")
    if failures:
        sys.exit(f"{len(failures)} of {arguments.count} records were not acknowledged")
    sys.stdout.write(f"{arguments.count} records acknowledged\n")


if __name__ == "__main__":
    main()
