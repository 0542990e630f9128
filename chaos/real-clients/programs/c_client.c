/*
 * The C client as an application uses it: SERVERS TIMEOUT_MS. Each line on stdin is a request of the lab as
 * JSON. It is answered with a line, and so is each change of the connection. A new handle follows when its
 * session has expired. The library does not tell the zxid of an answer, so only Stats give some.
 */
#define _GNU_SOURCE
#define THREADED
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define FIELD_MAX 512
#define LINE_MAX_BYTES 4096
#define DATA_MAX 1024
#define POLL_MS 20

static const char *servers;
static int timeout_ms;
static zhandle_t *zh;
static volatile int has_expired;
static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *format, ...) {
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&saying);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    pthread_mutex_unlock(&saying);
    va_end(args);
}

static void watch(zhandle_t *handle, int type, int state, const char *path, void *context) {
    (void)path;
    (void)context;
    if (type != ZOO_SESSION_EVENT) return;
    if (state == ZOO_CONNECTED_STATE) {
        say("{\"state\":\"connected\",\"session\":\"%" PRIx64 "\",\"timeoutMs\":%d}",
            (uint64_t)zoo_client_id(handle)->client_id, zoo_recv_timeout(handle));
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
        say("{\"state\":\"expired\"}");
        has_expired = 1;
    } else if (state == ZOO_CONNECTING_STATE || state == ZOO_NOTCONNECTED_STATE) {
        say("{\"state\":\"disconnected\"}");
    }
}

static void begin(void) {
    has_expired = 0;
    zh = zookeeper_init(servers, watch, timeout_ms, NULL, NULL, 0);
    if (zh == NULL) {
        perror("zookeeper_init");
        exit(1);
    }
}

/* The text of a field, or "" when the request does not have it. */
static const char *field(const char *line, const char *name, char *text) {
    char key[FIELD_MAX];
    snprintf(key, sizeof key, "\"%s\":", name);
    text[0] = '\0';
    const char *at = strstr(line, key);
    if (at == NULL) return text;
    at += strlen(key);
    const char *end = *at == '"' ? strchr(++at, '"') : at + strcspn(at, ",}");
    if (end == NULL || end - at >= FIELD_MAX) return text;
    memcpy(text, at, end - at);
    text[end - at] = '\0';
    return text;
}

static long number(const char *line, const char *name, long otherwise) {
    char text[FIELD_MAX];
    return *field(line, name, text) == '\0' ? otherwise : strtol(text, NULL, 10);
}

/* Refusals that only a server can have said: the request was not carried out and never will be. */
static const char *refusal(int rc) {
    switch (rc) {
        case ZNONODE: return "NONODE";
        case ZNODEEXISTS: return "NODEEXISTS";
        case ZBADVERSION: return "BADVERSION";
        case ZNOTEMPTY: return "NOTEMPTY";
        default: return NULL;
    }
}

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t told;
    int isTold;
    int rc;
};

static void on_sync(int rc, const char *value, const void *data) {
    (void)value;
    struct answer *answer = (struct answer *)data;
    pthread_mutex_lock(&answer->lock);
    answer->rc = rc;
    answer->isTold = 1;
    pthread_cond_signal(&answer->told);
    pthread_mutex_unlock(&answer->lock);
}

static int do_sync(const char *path) {
    struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    int rc = zoo_async(zh, path, on_sync, &answer);
    if (rc != ZOK) return rc;
    pthread_mutex_lock(&answer.lock);
    while (!answer.isTold) pthread_cond_wait(&answer.told, &answer.lock);
    pthread_mutex_unlock(&answer.lock);
    return answer.rc;
}

static int do_create(const char *line, const char *path, const char *value, char *said) {
    char created[FIELD_MAX];
    struct Stat stat;
    int rc = zoo_create2(zh, path, value, (int)strlen(value), &ZOO_OPEN_ACL_UNSAFE,
                         (int)number(line, "flags", 0), created, sizeof created, &stat);
    if (rc == ZOK) sprintf(said, ",\"created\":\"%s\",\"zxid\":%" PRId64, created, stat.czxid);
    return rc;
}

static int do_set(const char *line, const char *path, const char *value, char *said) {
    struct Stat stat;
    int rc = zoo_set2(zh, path, value, (int)strlen(value), (int)number(line, "version", -1), &stat);
    if (rc == ZOK) sprintf(said, ",\"zxid\":%" PRId64 ",\"version\":%d", stat.mzxid, stat.version);
    return rc;
}

static int do_multi(const char *line, const char *path, const char *value, char *said) {
    char holder[FIELD_MAX];
    struct Stat stat;
    zoo_op_t parts[2];
    zoo_op_result_t results[2];
    zoo_check_op_init(&parts[0], field(line, "holder", holder), -1);
    zoo_set_op_init(&parts[1], path, value, (int)strlen(value), -1, &stat);
    int rc = zoo_multi(zh, 2, parts, results);
    if (rc == ZOK) sprintf(said, ",\"zxid\":%" PRId64, stat.mzxid);
    return rc;
}

static int do_read(int with_data, const char *path, char *said) {
    char data[DATA_MAX];
    int length = sizeof data;
    struct Stat stat;
    int rc = with_data ? zoo_get(zh, path, 0, data, &length, &stat) : zoo_exists(zh, path, 0, &stat);
    if (rc == ZNONODE) {
        strcpy(said, ",\"value\":null");
        return ZOK;
    }
    if (rc != ZOK) return rc;
    said += sprintf(said, ",\"mzxid\":%" PRId64 ",\"version\":%d", stat.mzxid, stat.version);
    if (with_data && length < 0) sprintf(said, ",\"value\":null");
    else if (with_data) sprintf(said, ",\"value\":\"%.*s\"", length, data);
    return rc;
}

static void answer(const char *line) {
    char f[FIELD_MAX], path[FIELD_MAX], value[FIELD_MAX], session[FIELD_MAX], now[FIELD_MAX];
    char said[LINE_MAX_BYTES] = "";
    long id = number(line, "id", 0);
    field(line, "f", f);
    field(line, "path", path);
    field(line, "value", value);
    snprintf(now, sizeof now, "%" PRIx64, (uint64_t)zoo_client_id(zh)->client_id);
    if (has_expired || strcmp(now, field(line, "session", session)) != 0) {
        say("{\"id\":%ld,\"type\":\"fail\",\"error\":\"NOSESSION\"}", id);
        return;
    }
    int rc, is_read = 0;
    if (strcmp(f, "create") == 0) rc = do_create(line, path, value, said);
    else if (strcmp(f, "setData") == 0) rc = do_set(line, path, value, said);
    else if (strcmp(f, "multi") == 0) rc = do_multi(line, path, value, said);
    else if (strcmp(f, "delete") == 0) rc = zoo_delete(zh, path, (int)number(line, "version", -1));
    else {
        is_read = 1;
        rc = strcmp(f, "sync") == 0 ? do_sync(path) : do_read(strcmp(f, "getData") == 0, path, said);
    }
    char where[FIELD_MAX] = "";
    const char *server = zoo_get_current_server(zh);
    if (server != NULL && *server != '\0') snprintf(where, sizeof where, ",\"server\":\"%s\"", server);
    if (rc == ZOK) say("{\"id\":%ld,\"type\":\"ok\"%s%s}", id, said, where);
    else
        say("{\"id\":%ld,\"type\":\"%s\",\"error\":\"%s\"%s}", id,
            is_read || refusal(rc) != NULL ? "fail" : "info",
            refusal(rc) != NULL ? refusal(rc) : zerror(rc), where);
}

int main(int count, char **args) {
    if (count != 3) return 2;
    servers = args[1];
    timeout_ms = atoi(args[2]);
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    begin();
    static char line[LINE_MAX_BYTES];
    size_t length = 0;
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    for (;;) {
        if (has_expired) {
            zookeeper_close(zh);
            begin();
        }
        if (poll(&in, 1, POLL_MS) <= 0) continue;
        ssize_t got = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
        if (got <= 0) break;
        length += (size_t)got;
        line[length] = '\0';
        char *end;
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            if (strstr(line, "\"f\":\"close\"") != NULL) {
                zookeeper_close(zh);
                return 0;
            }
            answer(line);
            length -= (size_t)(end + 1 - line);
            memmove(line, end + 1, length + 1);
        }
    }
    zookeeper_close(zh);
    return 0;
}
