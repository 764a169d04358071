using System.Globalization;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Questions over the REST API: parts of pictures, and the bounds of waiting.</summary>
public sealed class AskTests
{
    private const string Region = "0,0.5 1,0.5 1,1 0,1";

    private const string Ask = """{"questions":[{"ask":"A?","answer":"YesNo"}]}""";

    [Fact]
    public async Task Regions_and_masks_are_taken_from_the_body()
    {
        await using var rig = await HttpRig.StartAsync();
        var body = $$"""{"questions":[{"ask":"A?","region":"{{Region}}","mask":["0,0 1,0 1,0.1"]},{"ask":"B?","mask":"0,0 1,0 1,0.2","region":""},{"ask":"C?"}]}""";

        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync("/api/v1/cameras/gate/ask", body)).Status);

        var asked = Assert.Single(rig.Cameras.Asked).Questions;
        Assert.Equal([Region, null, null], asked.Select(question => question.Region));
        Assert.Equal(["0,0 1,0 1,0.1", "0,0 1,0 1,0.2", ""], asked.Select(question => string.Join('|', question.Mask)));
    }

    [Theory]
    [InlineData($"&region={Region}", Region, Region)]
    [InlineData($"&region={Region}&region=", Region, null)]
    [InlineData("", null, null)]
    public async Task Regions_of_a_picture_are_one_for_all_questions_or_one_each(string query, string? first, string? second)
    {
        await using var rig = await HttpRig.StartAsync();

        var answer = await rig.PostAsync($"/api/v1/ask?question=A&question=B&mask=0,0 1,0 1,1&mask=0,0 0,1 1,1{query}", new byte[] { 1 });

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var asked = Assert.Single(rig.Cameras.Asked).Questions;
        Assert.Equal([first, second], asked.Select(question => question.Region));
        Assert.All(asked, question => Assert.Equal(2, question.Mask.Count));
    }

    [Theory]
    [InlineData("/api/v1/ask?question=A&question=B&question=C&region=x&region=y", "region")]
    [InlineData("/api/v1/ask?question=A&region=LONG", "region")]
    [InlineData("/api/v1/ask?question=A&mask=LONG", "mask")]
    public async Task Regions_that_cannot_be_matched_or_are_too_long_are_refused_by_name(string path, string parameter)
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.PostAsync(path.Replace("LONG", new string('1', 1001), StringComparison.Ordinal), new byte[] { 1 });
        Assert.Equal((HttpStatusCode.BadRequest, parameter), (answer.Status, answer.Json.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Requests_of_all_apis_that_wait_are_bounded_together_and_a_client_that_leaves_frees_its_place()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { MaxWaiting = 2 });
        var waiting = new SemaphoreSlim(0);
        var ended = 0;
        rig.Cameras.OnAsk = async cancel =>
        {
            waiting.Release();
            try
            {
                await Task.Delay(Timeout.Infinite, cancel);
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        };
        using var leaves = new CancellationTokenSource();
        var asks = Enumerable.Range(0, 2).Select(_ => rig.Client.PostAsync(new Uri("api/v1/cameras/gate/ask", UriKind.Relative), new StringContent(Ask), leaves.Token)).ToList();
        for (var i = 0; i < asks.Count; i++)
        {
            Assert.True(await waiting.WaitAsync(Eventually.Patience));
        }

        foreach (var (path, body) in ((string, object)[])[("/api/v1/cameras/gate/ask", Ask), ("/api/v1/ask?question=A", new byte[] { 1 })])
        {
            var refused = await rig.PostAsync(path, body);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), (refused.Status, refused.Json.GetProperty("error").GetProperty("code").GetString()));
            Assert.InRange(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 120);
        }

        Assert.Equal(2, rig.Cameras.Busy);

        await leaves.CancelAsync();
        foreach (var ask in asks)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ask);
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref ended) == 2, "the service notices that the clients left");
        rig.Cameras.OnAsk = _ => Task.CompletedTask;
        await Eventually.TrueAsync(
            async () => (await rig.PostAsync("/api/v1/cameras/gate/ask", Ask)).Status == HttpStatusCode.OK, "the places are free");
    }

    [Fact]
    public async Task Admitted_questions_count_among_those_that_wait()
    {
        var queue = new RequestQueue(2, TimeSpan.FromSeconds(55), new FakeTimeProvider());
        var first = queue.Admit(10);
        var second = queue.Admit(10);

        // The turn is free, so a text needs no place to wait.
        using var turn = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        await Assert.ThrowsAsync<HttpFailureException>(() => queue.EnterAsync(RequestPriority.Interactive, CancellationToken.None));
        Assert.Throws<HttpFailureException>(() => queue.Admit(10));

        first.Dispose();
        first.Dispose();
        using var third = queue.Admit(10);
        Assert.Throws<HttpFailureException>(() => queue.Admit(10));
        second.Dispose();
    }

    [Fact]
    public void Pictures_that_wait_take_a_bounded_amount_of_memory()
    {
        var queue = new RequestQueue(100, TimeSpan.FromSeconds(55), new FakeTimeProvider());
        var large = queue.Admit(RequestQueue.MaxWaitingBytes);

        var refused = Assert.Throws<HttpFailureException>(() => queue.Admit(1));

        Assert.Equal("busy", refused.Code);
        Assert.Contains("128 MiB", refused.Message, StringComparison.Ordinal);
        large.Dispose();
        queue.Admit(1).Dispose();
    }
}
