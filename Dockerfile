# One image for web, worker, beat and the one-shot commands; docker-compose.yml says which of them runs what.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS packages
COPY requirements/production.txt /tmp/production.txt
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/production.txt

FROM ${BASE_IMAGE}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin courseline
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/courseline
COPY . .
# Bytecode is written here once: the user below cannot write, and every start without it costs seconds.
# The settings want a key and a database address; collecting files uses neither.
RUN python -m compileall -q . \
    && SECRET_KEY=only-for-collecting-static-files-000000000000000000000 DATABASE_URL=postgres://unused/unused \
       python manage.py collectstatic --noinput --verbosity 0 --ignore rest_framework --ignore account --ignore ext
USER 10001
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
